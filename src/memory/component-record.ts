import type { Guards } from '../model/guards.js';
import {
  backoffOf,
  FRESH_RECORD,
  recordOf,
  type Act,
  type ComponentRecord,
  type GuardState,
} from './state.js';

/** Changes what is remembered of one component. */
export function withRecord(
  state: GuardState,
  component: string,
  change: Partial<ComponentRecord>,
): GuardState {
  const record = { ...recordOf(state, component), ...change };
  return { ...state, components: { ...state.components, [component]: record } };
}

/**
 * Exponential backoff: `first × factor^n`, at most `max`, plus a random share. The first repair that works may be
 * followed by the next at once; from the second on it is no repair that lasts, and it waits, too.
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

/** A power that stays finite: `0 * Infinity` would be no time at all, and block for ever. */
export const power = (base: number, exponent: number): number => Math.min(base ** exponent, Number.MAX_VALUE);

/** Writes down that a person said no: the action waits as after a repair that did not help. */
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

/** Writes down that a component was read as healthy: after long enough, everything is back at its start. */
export function recordHealth(state: GuardState, component: string, now: number, guards: Guards): GuardState {
  // After a lost state every component is on probation, and ends it by lasting health.
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

/** Begins to count the health of a component, whether anything is remembered of it or not. */
export const beginHealth = (state: GuardState, component: string, now: number): GuardState =>
  withRecord(state, component, { healthySince: recordOf(state, component).healthySince ?? now });

/** Writes down that a component was read as bad, or not read: health without a break is over. */
export function recordUnhealthy(state: GuardState, component: string): GuardState {
  if (!Object.hasOwn(state.components, component)) return state;
  if (recordOf(state, component).healthySince === null) return state;
  return withRecord(state, component, { healthySince: null });
}

/** Forgets what went wrong with a component: a person has seen to it. What was done stays on record. */
export function resetComponent(state: GuardState, component: string): GuardState {
  if (state.cautious) return { ...state, components: { ...state.components, [component]: FRESH_RECORD } };
  const components = { ...state.components };
  delete components[component];
  return { ...state, components };
}

/** Gives a component the record that it had before: a reset could not be written down. */
export function undoReset(state: GuardState, before: GuardState, component: string): GuardState {
  const record = before.components[component];
  const components = { ...state.components };
  if (record === undefined) delete components[component];
  else components[component] = record;
  return { ...state, components };
}
