import { isUnknown } from '../model/reading.js';
import type { Gauges, LoadReading } from '../model/snapshot.js';
import { IssueType, Severity, type ComponentVerdict } from '../model/issue.js';
import { judged, notKnown, type Gauge, type GaugeCheck } from './gauge-verdict.js';

const LOAD: Gauge = {
  check: 'load',
  component: 'load',
  type: IssueType.RESOURCE,
  severity: (value, threshold) => (value > 2 * threshold ? Severity.HIGH : Severity.MEDIUM),
  // In place of 5 percentage points: 5 % of the threshold.
  clearsAt: (threshold) => 0.95 * threshold,
  words: ({ value, threshold, of }) =>
    `Load average is ${value.toFixed(2)} on ${of} CPU${of === 1 ? '' : 's'}, threshold ${threshold.toFixed(2)}`,
};

/** Returns the default threshold. */
export const defaultLoadThreshold = ({ cpus }: Pick<LoadReading, 'cpus'>): number => 2 * cpus;

/** Judges the one-minute load average: `MEDIUM` over the threshold, `HIGH` over twice the threshold. */
export function judgeLoad(
  load: Gauges['load'],
  threshold: number | undefined,
  last?: ComponentVerdict,
): ComponentVerdict {
  return isUnknown(load)
    ? notKnown(LOAD, last, load.unknown)
    : judged(LOAD, last, load.one, threshold ?? defaultLoadThreshold(load), 0, load.cpus);
}

/** The check `load`. */
export const LOAD_CHECK: GaugeCheck = {
  part: 'load',
  judge: ({ load }, { loadAverage }, into) => into.add(judgeLoad(load, loadAverage, into.last)),
  isOver: ({ load }, { loadAverage }) =>
    !isUnknown(load) && load.one > (loadAverage ?? defaultLoadThreshold(load)),
};
