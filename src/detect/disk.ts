import { isUnknown, type Reading } from '../host/reading.js';
import type { Gauges, MountReading, UsageReading } from '../host/snapshot.js';
import { IssueType, Severity, type ComponentVerdict } from '../issue.js';
import { bytes, count } from '../words.js';
import { judged, notKnown, type Gauge } from './gauge.js';
import { clearingLevel, percent } from './percent.js';
import type { VerdictList } from './verdict-list.js';

const KIND = {
  check: 'disk',
  type: IssueType.RESOURCE,
  severity: (value: number) => (value > 95 ? Severity.CRITICAL : Severity.HIGH),
  clearsAt: clearingLevel,
};

const SPACE: Gauge = {
  ...KIND,
  component: 'disk',
  words: ({ which, value, threshold, left }) =>
    `${which} is ${percent(value)} full, ${bytes(left)} left, threshold ${percent(threshold)}`,
};

const INODES: Gauge = {
  ...KIND,
  component: 'inodes',
  words: ({ which, value, threshold, left }) =>
    `Inodes of ${which} are ${percent(value)} used, ${count(left)} left, threshold ${percent(threshold)}`,
};

/** Bytes and inodes of each file system: `HIGH` over the threshold, `CRITICAL` over 95 %. */
export function judgeDisks(mounts: Gauges['mounts'], threshold: number, into: VerdictList): void {
  if (isUnknown(mounts)) return into.add(notKnown(SPACE, into.last, mounts.unknown));
  for (const { mountPoint, space, inodes } of mounts) {
    into.add(judgeUsage(SPACE, space, threshold, mountPoint, into.last));
    // A file system that makes inodes as it needs them cannot run out of them: nothing to say.
    if (!isUnknown(inodes) || isUnknown(space))
      into.add(judgeUsage(INODES, inodes, threshold, mountPoint, into.last));
  }
}

const judgeUsage = (
  gauge: Gauge,
  usage: Reading<UsageReading>,
  threshold: number,
  mountPoint: string,
  last: ComponentVerdict | undefined,
): ComponentVerdict =>
  isUnknown(usage)
    ? notKnown(gauge, last, usage.unknown, mountPoint)
    : judged(gauge, last, usage.percent, threshold, usage.available, 0, mountPoint);

/** The mount that holds a path: the longest mount point that is a prefix of it. */
export function mountOf(path: string, mounts: readonly MountReading[]): MountReading | undefined {
  const holds = (mount: string): boolean => mount === '/' || path === mount || path.startsWith(`${mount}/`);
  return mounts
    .filter(({ mountPoint }) => holds(mountPoint))
    .reduce<MountReading | undefined>(
      (best, mount) => (best && best.mountPoint.length >= mount.mountPoint.length ? best : mount),
      undefined,
    );
}
