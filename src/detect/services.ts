import { isUnknown, type Reading } from '../model/reading.js';
import type { UnitsReading } from '../model/snapshot.js';
import { componentOf } from '../model/unit-name.js';
import type { UnitReading } from '../model/unit.js';
import { IssueType, Severity, type ComponentVerdict, type Issue, type Verdict } from '../model/issue.js';
import { judgeCause } from './units/cause.js';
import { judgeFailed } from './units/failed.js';
import { judgeInactive } from './units/inactive.js';
import { judgeLoadState } from './units/load-state.js';
import { judgeDailyRestarts, judgeLoop } from './units/restarts.js';
import { judgeTransition } from './units/transition.js';
import { ok, passing, type UnitQuestion, type UnitRule } from './units/unit-verdict.js';
import { watchedAs, type WatchedUnit, type WatchedUnits } from './watched-units.js';

export { UNKNOWN_UNIT } from './units/load-state.js';
export { CRASH_LOOP_RESTARTS, isCrashLooping } from './units/restarts.js';
export { inTransition } from './units/transition.js';
export type { WatchedUnit, WatchedUnits } from './watched-units.js';

/** Rules in order; the first that applies decides. */
const RULES: readonly UnitRule[] = [
  judgeLoadState,
  judgeLoop,
  judgeCause,
  judgeFailed,
  judgeTransition,
  judgeDailyRestarts,
  judgeActive,
  judgeInactive,
];

/**
 * Judges every listed unit, every member of one, and every other unit that has a problem (`LOW` where there is a list).
 * `watched` is `undefined` where nothing was listed. `now`: time of the reading, in milliseconds since the epoch.
 */
export function judgeServices(
  units: Reading<UnitsReading>,
  watched: WatchedUnits | undefined,
  now = 0,
): ComponentVerdict[] {
  if (isUnknown(units)) return [verdictOn('services', { status: 'unknown', reason: units.unknown })];
  const hasList = watched !== undefined;
  const verdicts = new Map<string, ComponentVerdict>();
  const judge = (unit: UnitReading, component: string, also: readonly string[] = []): void => {
    const own = watched && watchedAs(unit, watched);
    verdicts.set(unit.id, verdictOn(component, judgeUnit(unit, own, { hasList, now, also })));
  };
  const { asked, matched = [], members = [], troubled } = units;
  for (const [first, ...others] of byId(asked).values())
    judge(
      first!,
      componentOf(first!.name),
      others.map(({ name }) => name),
    );
  for (const unit of [...matched, ...members, ...troubled])
    if (!verdicts.has(unit.id)) judge(unit, componentOf(unit.id));
  for (const unit of [...asked, ...matched]) {
    const verdict = verdicts.get(unit.id);
    const worst = unit.members.map((id) => verdicts.get(id)).filter((one) => one?.status === 'bad');
    if (verdict?.status === 'ok' && worst.length > 0)
      verdicts.set(unit.id, { ...verdict, ...passing(`${verdict.reason}; ${worst[0]!.reason}`) });
  }
  return [...verdicts.values()];
}

/** Facts for the verdict besides the unit itself. */
export interface UnitSetting extends Partial<Pick<UnitQuestion, 'hasList' | 'now'>> {
  /** Other names in the list for the same unit. */
  readonly also?: readonly string[];
}

/** Judges one unit. `watched` is `undefined` for a unit that is not listed. */
export function judgeUnit(
  unit: UnitReading,
  watched: WatchedUnit | undefined,
  { hasList = false, now = 0, also = [] }: UnitSetting = {},
): Verdict {
  const others = also.filter((name) => name !== unit.name);
  const subject = others.length === 0 ? unit.name : `${unit.name} (also ${others.join(', ')})`;
  const question = { unit, watched, hasList, now, subject };
  for (const rule of RULES) {
    const verdict = rule(question);
    if (verdict) return hasList && watched === undefined ? onlyReported(verdict) : verdict;
  }
  return { status: 'unknown', reason: `${subject} is ${unit.activeState}, which is not a known state` };
}

function judgeActive({ unit, subject }: UnitQuestion): Verdict | undefined {
  const { activeState, subState, members } = unit;
  if (activeState !== 'active') return undefined;
  const group = members.length === 0 ? '' : `; it stands for ${members.join(', ')}`;
  return ok(`${subject} is active (${subState})${group}`);
}

/** End of the reason of a unit that is only reported. */
const NOT_LISTED = 'it is not listed in `services`';

/** Returns whether an issue is about a unit that is not listed. */
export const isUnlisted = ({ check, description }: Pick<Issue, 'check' | 'description'>): boolean =>
  check === 'services' && description.endsWith(NOT_LISTED);

/** Lowers the verdict on a unit that is not listed to a report. */
const onlyReported = (verdict: Verdict): Verdict =>
  verdict.status !== 'bad'
    ? verdict
    : { ...verdict, severity: Severity.LOW, reason: `${verdict.reason}; ${NOT_LISTED}` };

/** Groups readings by unit: one unit may be read by several names. */
function byId(units: readonly UnitReading[]): ReadonlyMap<string, readonly UnitReading[]> {
  const found = new Map<string, UnitReading[]>();
  for (const unit of units) found.set(unit.id, [...(found.get(unit.id) ?? []), unit]);
  return found;
}

const verdictOn = (component: string, verdict: Verdict): ComponentVerdict =>
  Object.assign({ check: 'services', type: IssueType.SERVICE, component }, verdict);
