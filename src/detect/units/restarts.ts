import { restartWindowMs } from '../../host/restart-window.js';
import type { UnitReading } from '../../model/unit.js';
import { Severity } from '../../model/issue.js';
import { span } from '../../base/format.js';
import { bad, type UnitRule } from './unit-verdict.js';

/** Number of restarts by systemd, without a long run in between, that make a crash loop. */
export const CRASH_LOOP_RESTARTS = 3;
/** Number of restarts within 24 h that are reported, however long the runs. */
const DAILY_RESTARTS = 10;

type Restarts = Pick<UnitReading, 'recentRestarts' | 'restartsAfterSuccess'>;

/** Returns whether it is in a crash loop. Runs that end with success do not count. */
export const isCrashLooping = ({ recentRestarts, restartsAfterSuccess }: Restarts): boolean =>
  recentRestarts >= CRASH_LOOP_RESTARTS && !restartsAfterSuccess;

/** Judges a unit that systemd restarts over and over: another restart would not help. */
export const judgeLoop: UnitRule = (question) => {
  const { unit, subject } = question;
  const { recentRestarts, restartDelayMs, activeState } = unit;
  if (recentRestarts < CRASH_LOOP_RESTARTS) return undefined;
  // A stop by a person ends the loop.
  if (unit.stoppedByJob === true && (activeState === 'inactive' || activeState === 'failed'))
    return undefined;
  const often = `systemd restarted it ${recentRestarts} times within ${span(restartWindowMs(restartDelayMs))}`;
  // Between two restarts it is inactive or failed only briefly: our own count of restarts decides.
  if (isCrashLooping(unit)) return bad(question, Severity.HIGH, `${subject} is in a crash loop: ${often}`, 0);
  if (activeState === 'failed') return undefined;
  const reason = `${subject} ends and is restarted over and over: ${often}, each time after Result=success`;
  return bad(question, Severity.LOW, reason, 0);
};

/** Reports a unit that is restarted often, with long runs in between. */
export const judgeDailyRestarts: UnitRule = (question) => {
  const { unit, subject } = question;
  if (unit.activeState !== 'active' || unit.dailyRestarts < DAILY_RESTARTS) return undefined;
  const reason = `${subject} is active, but systemd restarted it ${unit.dailyRestarts} times within 24 h`;
  return bad(question, Severity.LOW, reason, 0);
};
