import type { PlannedGeneration } from '../model/plan.js';
import type { Generations } from './generations.js';
import { DAY, type Guards } from '../model/guards.js';
import { markBad, noteChange } from './record-generation.js';
import { extendedBackoff, withRecord } from './component-record.js';
import {
  breakerOf,
  recordOf,
  type Act,
  type ComponentRecord,
  type GuardState,
  type Intent,
  type LastFix,
} from './state.js';

export interface RepairDetails {
  /** From 0 to 1; spreads the backoff. */
  readonly chance: number;
  /** Values measured before and after it. */
  readonly effect?: { readonly before: number; readonly after: number } | undefined;
  /** `true` if the component is in a worse state than before. */
  readonly worse?: boolean | undefined;
  readonly check?: string | undefined;
  readonly bootId?: string;
}

export function recordAct(
  state: GuardState,
  act: Act,
  guards: Guards,
  { chance, effect, worse = false, check, bootId = '' }: RepairDetails,
): GuardState {
  const acts = [...state.acts.filter(({ at }) => at > act.at - DAY), act];
  const isOwn = ({ scope, component }: Intent): boolean => scope === act.scope && component === act.component;
  const others = state.intents.filter((intent) => !isOwn(intent));
  const intent = state.intents.find(isOwn);
  // The result is known only after the reboot, so the intent is kept.
  const intents =
    act.outcome === 'pending-reboot' && intent ? [...others, { ...intent, awaitsReboot: true }] : others;
  const generations = intent?.generation
    ? afterChange(state.generations, intent.generation, act, worse)
    : state.generations;
  // In a storm, a repair that did not help counts as a new failure.
  const storm =
    state.storm && act.outcome !== 'fixed' ? { ...state.storm, lastFailure: act.at } : state.storm;
  const next = { ...state, acts, intents, storm, generations };
  if (act.outcome === 'pending-reboot') return next;
  const record = recordOf(state, act.component);
  const useless = act.outcome === 'ineffective' && effect !== undefined && !gained(effect, guards);
  const fixed: LastFix = {
    at: act.at,
    action: act.action,
    check: check ?? null,
    bootId,
    system: generations.running,
    gained: effect === undefined ? null : gained(effect, guards),
    strikes: record.strikes,
    probation: breakerOf(record, act.at) === 'half-open',
  };
  return withRecord(next, act.component, {
    healthySince: null,
    backoff: extendedBackoff(record, act, guards, chance),
    useless: useless ? { action: act.action, value: effect.after } : null,
    ...(act.outcome === 'fixed'
      ? { failures: 0, strikes: 0, breakerUntil: null, fixed }
      : { failures: record.failures + 1, fixed: null, ...strike(record, act.at, guards) }),
  });
}

/** Records a change of the running system, and marks the system that was left, or made things worse, as bad. */
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

/** Adds a strike. The breaker opens after `breaker.attempts` strikes, and at once on probation. */
export function strike(
  record: ComponentRecord,
  now: number,
  { breaker }: Guards,
  probation = breakerOf(record, now) === 'half-open',
): Partial<ComponentRecord> {
  const strikes = record.strikes + 1;
  if (!probation && strikes % breaker.attempts !== 0) return { strikes };
  const openings = [...record.openings.filter((at) => at > now - DAY), now];
  const human = openings.length >= breaker.openingsPerDay;
  return {
    strikes,
    openings,
    breakerUntil: now + breaker.openMs,
    needsHumanSince: human ? (record.needsHumanSince ?? now) : record.needsHumanSince,
  };
}

const gained = ({ before, after }: NonNullable<RepairDetails['effect']>, { useless }: Guards): boolean =>
  before - after >= (useless.gainPercent / 100) * before;
