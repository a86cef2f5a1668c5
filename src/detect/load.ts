import { isUnknown, type Reading } from '../host/reading.js';
import type { LoadReading } from '../host/snapshot.js';
import { Severity, type Verdict } from '../issue.js';

/** The load's default threshold. */
export const defaultLoadThreshold = (load: LoadReading): number => 2 * load.cpus;

/** One-minute load average: `MEDIUM` over the threshold, `HIGH` over twice the threshold. */
export function judgeLoad(load: Reading<LoadReading>, given: number | undefined): Verdict {
  if (isUnknown(load)) return { status: 'unknown', reason: load.unknown };
  const threshold = given ?? defaultLoadThreshold(load);
  const bad = load.one > threshold;
  return {
    status: bad ? 'bad' : 'ok',
    severity: load.one > 2 * threshold ? Severity.HIGH : Severity.MEDIUM,
    value: load.one,
    threshold,
    // A load has no percentage points: the like of them is 5 % of the threshold.
    clearsAt: 0.95 * threshold,
    reason: `Load average is ${load.one.toFixed(2)} on ${load.cpus} CPU${load.cpus === 1 ? '' : 's'}, threshold ${threshold.toFixed(2)}`,
  };
}
