import { isUnknown, type Reading } from '../host/reading.js';
import type { UnitsReading } from '../host/snapshot.js';
import { componentOf } from '../host/systemd/unit-name.js';
import type { UnitReading } from '../host/unit.js';
import { IssueType, Severity, type ComponentVerdict, type Verdict } from '../issue.js';

/** A unit that somebody wants to be running. */
export interface WatchedUnit {
  /** With its suffix: `nginx.service`. */
  readonly unit: string;
  /** Start it again when it is inactive and nobody can tell whether a person stopped it. Default `false`. */
  readonly keepRunning?: boolean;
  /** Allow its restart when memory runs out. Default `false`. */
  readonly restartForMemory?: boolean;
}

/** How the reason begins for a unit that does not exist. */
export const UNKNOWN_UNIT = 'systemd does not know';

/** Restarts by systemd, within 10 minutes and without a run of 60 s, that make a crash loop. */
export const CRASH_LOOP_RESTARTS = 3;

const isLooping = ({ recentRestarts }: UnitReading): boolean => recentRestarts >= CRASH_LOOP_RESTARTS;

const IN_TRANSITION = ['activating', 'deactivating', 'reloading', 'refreshing', 'maintenance'];

/** Whether systemd is at work on a unit, so that nobody else should be. */
export const inTransition = (unit: { readonly activeState: string; readonly job: string }): boolean =>
  IN_TRANSITION.includes(unit.activeState) || unit.job !== '';

/** Every watched unit, and every unit in trouble that nobody named. A service that is down is `HIGH`. */
export function judgeServices(
  units: Reading<UnitsReading>,
  watched: ReadonlyMap<string, WatchedUnit>,
): ComponentVerdict[] {
  if (isUnknown(units)) return [verdictOn('services', { status: 'unknown', reason: units.unknown })];
  const verdicts = new Map<string, ComponentVerdict>();
  for (const unit of units.asked) {
    verdicts.set(unit.id, verdictOn(componentOf(unit.name), judgeUnit(unit, watched.get(unit.name))));
  }
  for (const unit of units.troubled) {
    if (!verdicts.has(unit.id))
      verdicts.set(unit.id, verdictOn(componentOf(unit.id), judgeUnit(unit, undefined)));
  }
  return [...verdicts.values()];
}

const verdictOn = (component: string, verdict: Verdict): ComponentVerdict =>
  Object.assign({ check: 'services', type: IssueType.SERVICE, component }, verdict);

const ok = (reason: string): Verdict => ({ status: 'ok', value: 1, threshold: 1, reason });

/** One unit; without `watched` it is one that nobody named. */
export function judgeUnit(unit: UnitReading, watched: WatchedUnit | undefined): Verdict {
  const { name, activeState, subState } = unit;
  const bad = (severity: Severity, reason: string): Verdict => ({
    status: 'bad',
    severity,
    value: 0,
    threshold: 1,
    reason,
    // Between two restarts it is neither inactive nor failed for long: there our own reading counts.
    ...(unit.inactiveSince > 0 && !isLooping(unit) ? { since: unit.inactiveSince } : {}),
    evidence: evidenceOf(unit),
  });

  if (unit.loadState === 'not-found') return { status: 'unknown', reason: `${UNKNOWN_UNIT} ${name}` };
  if (isLooping(unit)) {
    return bad(
      Severity.HIGH,
      `${name} is in a crash loop: systemd restarted it ${unit.recentRestarts} times within 10 min`,
    );
  }
  if (activeState === 'failed') {
    if (!unit.id.endsWith('.service')) return bad(Severity.LOW, `${name} has failed`);
    return bad(Severity.HIGH, `${name} has failed (${unit.result || subState})`);
  }
  if (inTransition(unit)) {
    return { ...ok(`${name} is ${activeState} (${subState}): left to systemd`), transient: true };
  }
  if (activeState === 'active') return ok(`${name} is active (${subState})`);
  if (activeState !== 'inactive')
    return { status: 'unknown', reason: `${name} is ${activeState}, which is not a known state` };
  if (watched === undefined) return { ...ok(`${name} is inactive, and nobody listed it`), value: 0 };
  return judgeInactive(unit, watched, bad);
}

/** A watched unit that is not running, and not because it failed. */
function judgeInactive(
  unit: UnitReading,
  watched: WatchedUnit,
  bad: (severity: Severity, reason: string) => Verdict,
): Verdict {
  const { name } = unit;
  const trigger = unit.triggeredBy.find(({ activeState }) => activeState === 'active');
  if (trigger) return ok(`${name} is inactive, and ${trigger.name} starts it when it is needed`);
  if (!unit.conditionMet)
    return ok(`${name} is inactive, because a condition of its unit file does not hold`);
  if (unit.type === 'oneshot' && unit.result === 'success')
    return ok(`${name} is a oneshot that has not failed`);
  if (unit.loadState === 'masked') return bad(Severity.LOW, `${name} is masked`);
  if (unit.unitFileState === 'disabled') return bad(Severity.LOW, `${name} is inactive and disabled`);
  if (isUnknown(unit.stoppedByJob)) {
    if (watched.keepRunning) return bad(Severity.HIGH, `${name} is inactive and is to be kept running`);
    const doubt = `whether a person stopped it is not known: ${unit.stoppedByJob.unknown}`;
    return bad(Severity.LOW, `${name} is inactive, and ${doubt}`);
  }
  if (unit.stoppedByJob) return bad(Severity.LOW, `${name} was stopped by a person or a program`);
  return bad(Severity.HIGH, `${name} is inactive, though nobody stopped it`);
}

function evidenceOf(unit: UnitReading): string[] {
  const lines = [`ActiveState=${unit.activeState} SubState=${unit.subState} LoadState=${unit.loadState}`];
  if (unit.result !== '') lines.push(`Result=${unit.result} ExecMainStatus=${unit.exitStatus}`);
  if (unit.restarts > 0) lines.push(`NRestarts=${unit.restarts}`);
  return lines;
}
