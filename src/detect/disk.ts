import { isUnknown, type Reading } from '../host/reading.js';
import type { Gauges, MountReading, UsageReading } from '../host/snapshot.js';
import { IssueType, Severity, type ComponentVerdict } from '../issue.js';
import { bytes, count } from '../words.js';
import { judged, notKnown, type Gauge } from './gauge.js';
import { MountRules } from './mount-rules.js';
import { clearingLevel, percent } from './percent.js';
import type { VerdictList } from './verdict-list.js';

/** Rules that say nothing. */
export const NO_RULES = new MountRules();

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

/**
 * Bytes and inodes of each file system: `HIGH` over the threshold, `CRITICAL` over 95 %. With a level of its own, bytes
 * are `CRITICAL` from the middle between that and full.
 */
export function judgeDisks(
  mounts: Gauges['mounts'],
  threshold: number,
  into: VerdictList,
  rules: MountRules = NO_RULES,
): void {
  if (isUnknown(mounts)) return into.add(notKnown(SPACE, into.last, mounts.unknown));
  for (const { mountPoint, space, inodes } of mounts) {
    if (!rules.none && rules.leavesOut(mountPoint)) continue;
    if (!rules.none && rules.has(mountPoint) && !isUnknown(space))
      into.add(judgeLevel(mountPoint, space, threshold, rules));
    else into.add(judgeUsage(SPACE, space, threshold, mountPoint, into.last));
    // A file system that makes inodes as it needs them cannot run out of them: nothing to say.
    if (!isUnknown(inodes) || isUnknown(space))
      into.add(judgeUsage(INODES, inodes, threshold, mountPoint, into.last));
  }
}

/** A level that is in bytes differs for each size, so its clearing level is one of its own, too. */
function judgeLevel(
  mountPoint: string,
  space: UsageReading,
  usual: number,
  rules: MountRules,
): ComponentVerdict {
  const level = rules.levelOf(mountPoint, space, usual);
  const gauge: Gauge = {
    ...SPACE,
    severity: (value) => (value > (level + 100) / 2 ? Severity.CRITICAL : Severity.HIGH),
    clearsAt: () => rules.clearingLevelOf(mountPoint, space),
  };
  return judged(gauge, undefined, space.percent, level, space.available, 0, mountPoint);
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
