import { Severity, type Issue } from '../model/issue.js';
import type { Guards } from '../model/guards.js';
import { waitMs, withRecord } from './component-record.js';
import { strike } from './record-act.js';
import {
  backoffOf,
  recordOf,
  type Act,
  type ComponentRecord,
  type GuardState,
  type LastFix,
} from './state.js';

const MINUTE = 60_000;

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
  const next = withRecord(state, component, {
    ...strikes,
    fixed: null,
    relapses: record.relapses + 1,
    backoff: { ...record.backoff, ...waitAfter(record, fix, guards, chance) },
    useless: fix.gained === false ? { action, value: metricValue } : record.useless,
  });
  const isFix = (act: Act): boolean => act.at === fix.at && act.component === component;
  return { ...next, acts: state.acts.map((act) => (isFix(act) ? { ...act, relapsed: true as const } : act)) };
}

/** Returns the backoff as after a repair that was not `fixed`. */
function waitAfter(
  record: ComponentRecord,
  { action }: LastFix,
  guards: Guards,
  chance: number,
): ComponentRecord['backoff'] {
  const entry = backoffOf(record, action);
  if (entry === undefined) return {};
  const until = Math.max(entry.until, entry.since + waitMs(entry.count - 1, guards, chance));
  return { [action]: { ...entry, until } };
}
