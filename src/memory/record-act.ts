import { Severity, type Issue } from '../model/issue.js';
import type { PlannedGeneration } from '../model/plan.js';
import type { Generations } from './generations.js';
import { DAY, MINUTE, type Guards } from '../model/guards.js';
import { markBad } from './record-generation.js';
import { extendedBackoff, waitMs, withRecord } from './component-record.js';
import {
  backoffOf,
  breakerOf,
  recordOf,
  type Act,
  type Backoff,
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
  const gained = effect && effect.before - effect.after >= (guards.useless.gainPercent / 100) * effect.before;
  const fixed: LastFix = {
    at: act.at,
    action: act.action,
    check: check ?? null,
    bootId,
    system: generations.running,
    gained: gained ?? null,
    strikes: record.strikes,
    probation: breakerOf(record, act.at) === 'half-open',
  };
  return withRecord(next, act.component, {
    healthySince: null,
    backoff: extendedBackoff(record, act, guards, chance),
    useless:
      act.outcome === 'ineffective' && effect && !gained ? { action: act.action, value: effect.after } : null,
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
  const changed = { ...generations, lastChange: { at, action, from, to }, repeat: null };
  if (to === null) return changed;
  if (worse) return markBad(changed, to, at, `going to it with \`${action}\` made things worse: ${words}`);
  const left = outcome === 'fixed' || outcome === 'pending-reboot';
  return left ? markBad(changed, from, at, `\`${action}\` left it for ${to}`) : changed;
}

/** Adds a strike. The breaker opens after `breaker.attempts` strikes, and at once on probation. */
function strike(
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

/**
 * Returns the repair that an issue relapses from: the issue opens again within `guards.backoff.resetAfterMs` of a repair
 * that was `fixed`, without a boot, a switch of the NixOS system or a cause in another unit in between.
 */
export function relapsedFix(
  state: GuardState,
  { component, severity, check, becauseOf }: Issue,
  { now, bootId, guards }: { readonly now: number; readonly bootId: string; readonly guards: Guards },
): LastFix | undefined {
  const { fixed } = recordOf(state, component);
  if (fixed === null || severity < Severity.MEDIUM || becauseOf !== undefined) return undefined;
  const same = fixed.check === (check ?? null) && fixed.bootId === bootId;
  const recent = fixed.at <= now && now - fixed.at <= guards.backoff.resetAfterMs;
  return same && recent && fixed.system === state.generations.running ? fixed : undefined;
}

/**
 * Records a relapse: for backoff and useless repairs, the repair counts as not fixed. The breaker counts it only if the
 * healthy time was shorter than 1 min x 2^n (at most 10 min; n: relapses so far) and the repair had no measured gain.
 * The rung of the ladder is unchanged.
 */
export function recordRelapse(
  state: GuardState,
  { component, metricValue }: Pick<Issue, 'component' | 'metricValue'>,
  fix: LastFix,
  { now, chance, guards }: { readonly now: number; readonly chance: number; readonly guards: Guards },
): GuardState {
  const record = recordOf(state, component);
  const { action } = fix;
  const early = now - fix.at < Math.min(10 * MINUTE, MINUTE * 2 ** record.relapses);
  // A repair that lasted, or had a measured gain, resets the strikes.
  const counts = early && fix.gained !== true;
  const strikes = counts ? strike({ ...record, strikes: fix.strikes }, now, guards, fix.probation) : {};
  const entry = backoffOf(record, action);
  // The wait is that of a repair that was not `fixed`.
  const until = (known: Backoff): number =>
    Math.max(known.until, known.since + waitMs(known.count - 1, guards, chance));
  const next = withRecord(state, component, {
    ...strikes,
    fixed: null,
    relapses: record.relapses + 1,
    backoff: entry ? { ...record.backoff, [action]: { ...entry, until: until(entry) } } : record.backoff,
    useless: fix.gained === false ? { action, value: metricValue } : record.useless,
  });
  const isFix = (act: Act): boolean => act.at === fix.at && act.component === component;
  return { ...next, acts: state.acts.map((act) => (isFix(act) ? { ...act, relapsed: true as const } : act)) };
}
