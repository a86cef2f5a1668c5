import type { UnitReading } from '../../model/unit.js';
import { Severity } from '../../model/issue.js';
import { span } from '../../base/format.js';
import { bad, passing, type UnitRule } from './unit-verdict.js';

const IN_TRANSITION = ['activating', 'deactivating', 'reloading', 'refreshing', 'maintenance'];

/** Whether systemd is at work on a unit, so that nobody else should be. */
export const inTransition = (unit: { readonly activeState: string; readonly job: string }): boolean =>
  IN_TRANSITION.includes(unit.activeState) || unit.job !== '';

/** No transition is reported before this; also the time that a unit without a limit of its own has. */
const FIRST_BOUND_MS = 15 * 60_000;
/** A listed oneshot that runs for longer than this is reported. */
const ONESHOT_MS = 24 * 60 * 60_000;

/** Is systemd at work on it? That is neither trouble nor health, but it has bounds. */
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

/** Twice the unit's own limit, where it has one. */
function boundOf({ activeState, startTimeoutMs, stopTimeoutMs }: UnitReading): number {
  const own = activeState === 'deactivating' ? stopTimeoutMs : startTimeoutMs;
  return Number.isFinite(own) ? Math.max(FIRST_BOUND_MS, 2 * own) : FIRST_BOUND_MS;
}
