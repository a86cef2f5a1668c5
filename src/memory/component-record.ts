import type { Guards } from '../model/guards.js';
import {
  backoffOf,
  FRESH_RECORD,
  recordOf,
  type Act,
  type ComponentRecord,
  type GuardState,
} from './state.js';

export function withRecord(
  state: GuardState,
  component: string,
  change: Partial<ComponentRecord>,
): GuardState {
  const record = { ...recordOf(state, component), ...change };
  return { ...state, components: { ...state.components, [component]: record } };
}

/**
 * Returns the next backoff: `first × factor^n`, at most `max`, plus a random share. There is no wait after the first
 * repair that is `fixed`; later ones did not last, and wait like the others.
 */
export function extendedBackoff(
  count: number,
  act: Pick<Act, 'outcome' | 'at'>,
  { backoff }: Guards,
  chance: number,
) {
  const exponent = act.outcome === 'fixed' ? count - 1 : count;
  const wait = exponent < 0 ? 0 : Math.min(backoff.maxMs, backoff.firstMs * power(backoff.factor, exponent));
  return { count: count + 1, since: act.at, until: act.at + wait * (1 + backoff.jitter * chance) };
}

/** Returns a finite power: `0 * Infinity` is NaN, and would block forever. */
export const power = (base: number, exponent: number): number => Math.min(base ** exponent, Number.MAX_VALUE);

/** Records a rejection: the action waits as after an ineffective repair. */
export function recordRefusal(
  state: GuardState,
  component: string,
  action: string,
  now: number,
  guards: Guards,
  chance: number,
): GuardState {
  const record = recordOf(state, component);
  const { backoff } = record;
  const next = extendedBackoff(
    backoffOf(record, action)?.count ?? 0,
    { outcome: 'failed', at: now },
    guards,
    chance,
  );
  return withRecord(state, component, { backoff: { ...backoff, [action]: next } });
}

/** Records a healthy reading of a component; lasting health resets its record. */
export function recordHealth(state: GuardState, component: string, now: number, guards: Guards): GuardState {
  // After a lost state, lasting health ends the probation of each component.
  if (!Object.hasOwn(state.components, component) && !state.cautious) return state;
  const record = recordOf(state, component);
  if (record.healthySince === null) return withRecord(state, component, { healthySince: now });
  const healthyFor = now - record.healthySince;
  if (healthyFor >= guards.breaker.humanResetMs) return resetComponent(state, component);
  if (healthyFor < guards.backoff.resetAfterMs || isReset(record)) return state;
  const reset = { backoff: {}, failures: 0, strikes: 0, relapses: 0, breakerUntil: null, useless: null };
  return withRecord(state, component, reset);
}

const isReset = ({ backoff, failures, strikes, relapses, breakerUntil, useless }: ComponentRecord): boolean =>
  failures + strikes + relapses === 0 &&
  breakerUntil === null &&
  useless === null &&
  Object.keys(backoff).length === 0;

/** Starts the healthy time of a component, even if it has no record. */
export const beginHealth = (state: GuardState, component: string, now: number): GuardState =>
  withRecord(state, component, { healthySince: recordOf(state, component).healthySince ?? now });

/** Records a bad or missing reading of a component, which ends its healthy time. */
export function recordUnhealthy(state: GuardState, component: string): GuardState {
  if (recordOf(state, component).healthySince === null) return state;
  return withRecord(state, component, { healthySince: null });
}

/** Resets the record of a component. The list of acts is kept. */
export function resetComponent(state: GuardState, component: string): GuardState {
  if (state.cautious) return { ...state, components: { ...state.components, [component]: FRESH_RECORD } };
  const components = { ...state.components };
  delete components[component];
  return { ...state, components };
}

/** Restores the record of a component whose reset could not be saved. */
export function undoReset(state: GuardState, before: GuardState, component: string): GuardState {
  const { components } = resetComponent({ ...state, cautious: false }, component);
  if (!Object.hasOwn(before.components, component)) return { ...state, components };
  // Not by assignment, which would replace the prototype for a component called `__proto__`.
  return { ...state, components: { ...components, [component]: before.components[component]! } };
}
