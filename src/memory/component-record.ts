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
 * Returns the backoffs after a repair. There is no wait after the first repair that is `fixed`; later ones did not last,
 * and wait like the others.
 */
export function extendedBackoff(
  record: ComponentRecord,
  { action, outcome, at }: Pick<Act, 'action' | 'outcome' | 'at'>,
  guards: Guards,
  chance: number,
): ComponentRecord['backoff'] {
  const count = backoffOf(record, action)?.count ?? 0;
  const exponent = outcome === 'fixed' ? count - 1 : count;
  const wait = exponent < 0 ? 0 : waitMs(exponent, guards, chance);
  return { ...record.backoff, [action]: { count: count + 1, since: at, until: at + wait } };
}

/** Returns a wait: `first × factor^exponent`, at most `max`, plus a random share. */
export function waitMs(exponent: number, { backoff }: Guards, chance: number): number {
  // Finite: `0 * Infinity` is NaN, and would block forever.
  const growth = Math.min(backoff.factor ** exponent, Number.MAX_VALUE);
  return Math.min(backoff.maxMs, backoff.firstMs * growth) * (1 + backoff.jitter * chance);
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
  const { [component]: _, ...components } = state.components;
  return { ...state, components };
}

/** Restores the record of a component whose reset could not be saved. */
export function undoReset(state: GuardState, before: GuardState, component: string): GuardState {
  const { components } = resetComponent({ ...state, cautious: false }, component);
  if (!Object.hasOwn(before.components, component)) return { ...state, components };
  // Not by assignment, which would replace the prototype for a component called `__proto__`.
  return { ...state, components: { ...components, [component]: before.components[component]! } };
}
