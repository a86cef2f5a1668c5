import type { PlannedGeneration } from '../plan.js';
import { type Generations } from './generations.js';
import { markBad, noteChange } from './note-system.js';
import { DAY, type Guards } from './guards.js';
import {
  backoffOf,
  breakerOf,
  FRESH_RECORD,
  recordOf,
  type Act,
  type ComponentRecord,
  type GuardState,
  type Intent,
} from './state.js';

/** What was measured around a repair, where it was a number. */
export interface Effect {
  readonly before: number;
  readonly after: number;
}

/** Changes what is remembered of one component. */
function withRecord(state: GuardState, component: string, change: Partial<ComponentRecord>): GuardState {
  const record = { ...recordOf(state, component), ...change };
  return { ...state, components: { ...state.components, [component]: record } };
}

/** Writes down a repair that ended. `chance` from 0 to 1 spreads the backoff. */
export function recordAct(
  state: GuardState,
  act: Act,
  guards: Guards,
  {
    chance,
    effect,
    worse = false,
  }: { readonly chance: number; readonly effect?: Effect | undefined; readonly worse?: boolean },
): GuardState {
  const acts = [...state.acts.filter(({ at }) => at > act.at - DAY), act];
  const isOwn = ({ scope, component }: Intent): boolean => scope === act.scope && component === act.component;
  const others = state.intents.filter((intent) => !isOwn(intent));
  const intent = state.intents.find(isOwn);
  // Whether it helped shows on the next boot: until then it is neither done nor forgotten.
  const intents =
    act.outcome === 'pending-reboot' && intent ? [...others, { ...intent, awaitsReboot: true }] : others;
  const generations = intent?.generation
    ? afterChange(state.generations, intent.generation, act, worse)
    : state.generations;
  // In a storm, one repair that does not help is as good as a new failure.
  const storm =
    state.storm && act.outcome !== 'fixed' ? { ...state.storm, lastFailure: act.at } : state.storm;
  const next = { ...state, acts, intents, storm, generations };
  // Whether a switch of kernels helped is known only after the reboot.
  if (act.outcome === 'pending-reboot') return next;
  const record = recordOf(state, act.component);
  const useless = act.outcome === 'ineffective' && effect !== undefined && !gained(effect, guards);
  return withRecord(next, act.component, {
    healthySince: null,
    backoff: {
      ...record.backoff,
      [act.action]: longer(backoffOf(record, act.action)?.count ?? 0, act, guards, chance),
    },
    useless: useless ? { action: act.action, value: effect.after } : null,
    ...(act.outcome === 'fixed' ? { failures: 0, breakerUntil: null } : afterFailure(record, act.at, guards)),
  });
}

/** Remembers a change of the running system, and which of the two systems must not be entered unseen from now on. */
function afterChange(
  generations: Generations,
  { from, to }: PlannedGeneration,
  { at, action, outcome, words }: Act,
  worse: boolean,
): Generations {
  const changed = noteChange(generations, { at, action, from, to });
  if (to === null) return changed;
  if (worse) return markBad(changed, to, at, `going to it with \`${action}\` made things worse: ${words}`);
  const left = outcome === 'fixed' || outcome === 'pending-reboot';
  return left ? markBad(changed, from, at, `\`${action}\` left it for ${to}`) : changed;
}

/**
 * Exponential backoff: `first × factor^n`, at most `max`, plus a random share. The first repair that works may be
 * followed by the next at once; from the second on it is no repair that lasts, and it waits, too.
 */
function longer(count: number, act: Pick<Act, 'outcome' | 'at'>, { backoff }: Guards, chance: number) {
  const exponent = act.outcome === 'fixed' ? count - 1 : count;
  const wait = exponent < 0 ? 0 : Math.min(backoff.maxMs, backoff.firstMs * backoff.factor ** exponent);
  return { count: count + 1, since: act.at, until: act.at + wait * (1 + backoff.jitter * chance) };
}

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
  const next = longer(backoffOf(record, action)?.count ?? 0, { outcome: 'failed', at: now }, guards, chance);
  return withRecord(state, component, { backoff: { ...backoff, [action]: next } });
}

/** A breaker opens after so many failures in a row, and at once when the one try it allowed has failed. */
function afterFailure(record: ComponentRecord, now: number, { breaker }: Guards): Partial<ComponentRecord> {
  const failures = record.failures + 1;
  const opens = breakerOf(record, now) === 'half-open' || failures % breaker.attempts === 0;
  if (!opens) return { failures };
  const openings = [...record.openings.filter((at) => at > now - DAY), now];
  const human = openings.length >= breaker.openingsPerDay;
  return {
    failures,
    openings,
    breakerUntil: now + breaker.openMs,
    needsHumanSince: human ? (record.needsHumanSince ?? now) : record.needsHumanSince,
  };
}

const gained = ({ before, after }: Effect, { useless }: Guards): boolean =>
  before - after >= (useless.gainPercent / 100) * before;

/** Writes down that a component was read as healthy: after long enough, everything is back at its start. */
export function recordHealth(state: GuardState, component: string, now: number, guards: Guards): GuardState {
  // After a lost state every component is on probation, and ends it by lasting health.
  if (!Object.hasOwn(state.components, component) && !state.cautious) return state;
  const record = recordOf(state, component);
  if (record.healthySince === null) return withRecord(state, component, { healthySince: now });
  const healthyFor = now - record.healthySince;
  if (healthyFor >= guards.breaker.humanResetMs) return resetComponent(state, component);
  if (healthyFor < guards.backoff.resetAfterMs || isReset(record)) return state;
  const reset = { backoff: {}, failures: 0, breakerUntil: null, useless: null };
  return withRecord(state, component, reset);
}

const isReset = ({ backoff, failures, breakerUntil, useless }: ComponentRecord): boolean =>
  failures === 0 && breakerUntil === null && useless === null && Object.keys(backoff).length === 0;

/** Begins to count the health of a component, whether anything is remembered of it or not. */
export const beginHealth = (state: GuardState, component: string, now: number): GuardState =>
  withRecord(state, component, { healthySince: recordOf(state, component).healthySince ?? now });

/** Writes down that a component was read as bad, or not read: health without a break is over. */
export function recordTrouble(state: GuardState, component: string): GuardState {
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
