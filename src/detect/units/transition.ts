import type { UnitReading } from '../../model/unit.js';
import { Severity } from '../../model/issue.js';
import { span } from '../../base/format.js';
import { bad, passing, type UnitRule } from './unit-verdict.js';

const IN_TRANSITION = ['activating', 'deactivating', 'reloading', 'refreshing', 'maintenance'];

/** Returns whether systemd is starting, stopping or reloading a unit. */
export const inTransition = (unit: { readonly activeState: string; readonly job: string }): boolean =>
  IN_TRANSITION.includes(unit.activeState) || unit.job !== '';

/** Least time before a transition is reported, in milliseconds; also the limit of a unit that has none. */
const FIRST_BOUND_MS = 15 * 60_000;
/** Time after which a listed oneshot that still runs is reported, in milliseconds. */
const ONESHOT_MS = 24 * 60 * 60_000;

/** Judges a unit in transition: neither bad nor ok, until its time limit. */
export const judgeTransition: UnitRule = (question) => {
  const { unit, subject, watched, now } = question;
  if (!inTransition(unit)) return undefined;
  const { activeState, subState, job, transitionSince } = unit;
  const age = transitionSince > 0 ? Math.max(0, now - transitionSince) : 0;
  const lasts = transitionSince > 0 ? ` for ${span(age)}` : '';
  if (isOneshotRunning(unit)) {
    if (watched !== undefined && age >= ONESHOT_MS)
      return bad(
        question,
        Severity.LOW,
        `${subject} is a oneshot that has been running${lasts}`,
        transitionSince,
      );
    return passing(`${subject} is a oneshot that is running${lasts}`);
  }
  const queued = job === '' ? '' : ` with a ${job} job`;
  const bound = boundOf(unit);
  if (age < bound)
    return passing(`${subject} is ${activeState} (${subState})${queued}${lasts}: left to systemd`);
  const reason = `${subject} has been ${activeState} (${subState})${queued}${lasts}: it should take less than ${span(bound)}`;
  return bad(question, age < 2 * bound ? Severity.LOW : Severity.HIGH, reason, transitionSince);
};

const isOneshotRunning = ({ type, activeState, subState }: UnitReading): boolean =>
  type === 'oneshot' && activeState === 'activating' && subState.startsWith('start');

/** Returns twice the unit's own time limit, where it has one. */
function boundOf({ activeState, startTimeoutMs, stopTimeoutMs }: UnitReading): number {
  const own = activeState === 'deactivating' ? stopTimeoutMs : startTimeoutMs;
  return Number.isFinite(own) ? Math.max(FIRST_BOUND_MS, 2 * own) : FIRST_BOUND_MS;
}
