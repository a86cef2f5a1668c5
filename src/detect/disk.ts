import { isUnknown, type Reading, type Unknown } from '../model/reading.js';
import type { Gauges, MountReading, UsageReading, WriteReading } from '../model/snapshot.js';
import { IssueType, Severity, type ComponentVerdict, type Verdict } from '../model/issue.js';
import { bytes, count } from '../base/format.js';
import { judged, notKnown, type Gauge, type GaugeCheck } from './gauge-verdict.js';
import { MountRules } from './mount-rules.js';
import { clearingLevel, percent } from './percent.js';
import type { VerdictList } from './verdict-list.js';

/** Empty rules. */
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

const METADATA: Gauge = { ...SPACE, words: (measured) => `Metadata of ${SPACE.words(measured)}` };

const INODES: Gauge = {
  ...KIND,
  component: 'inodes',
  words: ({ which, value, threshold, left }) =>
    `Inodes of ${which} are ${percent(value)} used, ${count(left)} left, threshold ${percent(threshold)}`,
};

/**
 * Judges bytes and inodes of each file system: `HIGH` over the threshold, `CRITICAL` over 95 %; with a level in the
 * rules, `CRITICAL` halfway from that level to full. A file system that no longer accepts writes, and a mount point in
 * the rules that is not mounted, are `HIGH`.
 */
export function judgeDisks(
  mounts: Gauges['mounts'],
  threshold: number,
  into: VerdictList,
  rules: MountRules = NO_RULES,
): void {
  if (isUnknown(mounts)) return into.add(notKnown(SPACE, into.last, mounts.unknown));
  for (const { mountPoint, space, inodes, metadata, writes } of mounts) {
    if (!rules.none && rules.leavesOut(mountPoint)) continue;
    // Use of a file system that is read-only by design matters only with a level in the rules.
    if (writes?.status !== 'by-design' || rules.has(mountPoint)) {
      const level =
        !rules.none && !isUnknown(space) ? rules.levelOf(mountPoint, space, threshold) : threshold;
      if (metadata !== undefined && isWorse(metadata, space, threshold, level))
        into.add(judgeUsage(METADATA, metadata, threshold, mountPoint, into.last));
      else if (!rules.none && rules.has(mountPoint) && !isUnknown(space))
        into.add(judgeLevel(mountPoint, space, level, rules));
      else into.add(judgeUsage(SPACE, space, threshold, mountPoint, into.last));
      // A file system that creates inodes on demand cannot run out of them.
      if (!isUnknown(inodes) || isUnknown(space))
        into.add(judgeUsage(INODES, inodes, threshold, mountPoint, into.last));
    }
    if (writes !== undefined) into.add(judgeWrites(writes, mountPoint, into.last));
  }
  if (rules.none) return;
  for (const mountPoint of rules.namedPaths)
    if (!isAmong(mounts, mountPoint)) into.add(plain('disk', mountPoint, goneWords(mountPoint), into.last));
}

/** Verdict on a mount point that has a level in the rules and is not mounted. */
const goneWords = (mountPoint: string): Verdict => ({
  status: 'bad',
  severity: Severity.HIGH,
  reason: `Nothing is mounted on ${mountPoint}, which \`mounts.levels\` names`,
});

/** Returns whether a mount point was read. */
export function isAmong(mounts: Exclude<Gauges['mounts'], Unknown>, path: string): boolean {
  for (const { mountPoint } of mounts) if (mountPoint === path) return true;
  return false;
}

/** Judges whether a file system accepts writes. Read-only by design is ok. */
const judgeWrites = (
  { status, reason }: WriteReading,
  mountPoint: string,
  last: ComponentVerdict | undefined,
): ComponentVerdict =>
  plain(
    'readonly',
    mountPoint,
    { status: status === 'bad' ? 'bad' : 'ok', severity: Severity.HIGH, reason },
    last,
  );

/** Returns a verdict without a value; `last` itself if it is equal. */
function plain(
  kind: string,
  mountPoint: string,
  verdict: Verdict,
  last: ComponentVerdict | undefined,
): ComponentVerdict {
  const component = `${kind}:${mountPoint}`;
  const { status, reason } = verdict;
  return last?.component === component && last.status === status && last.reason === reason
    ? last
    : Object.freeze({ check: KIND.check, type: KIND.type, component, ...verdict });
}

/** Returns whether metadata is further above its threshold, or closer to it, than the space is. */
const isWorse = (
  metadata: UsageReading,
  space: Reading<UsageReading>,
  threshold: number,
  level: number,
): boolean => isUnknown(space) || metadata.percent - threshold > space.percent - level;

/** Judges by a level in the rules. A level in bytes is a different percentage for each size. */
function judgeLevel(
  mountPoint: string,
  space: UsageReading,
  level: number,
  rules: MountRules,
): ComponentVerdict {
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

/** Returns the percentage of bytes below which an issue of a file system clears. `threshold` applies where it has no level in the rules. */
export const clearingLevelOf = (
  { mountPoint, space }: MountReading,
  threshold: number,
  rules: MountRules = NO_RULES,
): number =>
  rules.has(mountPoint) && !isUnknown(space)
    ? rules.clearingLevelOf(mountPoint, space)
    : clearingLevel(threshold);

/** Returns the mount that holds a path: the longest mount point that is a prefix of it. */
export function mountOf(path: string, mounts: readonly MountReading[]): MountReading | undefined {
  const holds = (mount: string): boolean => mount === '/' || path === mount || path.startsWith(`${mount}/`);
  return mounts
    .filter(({ mountPoint }) => holds(mountPoint))
    .reduce<MountReading | undefined>(
      (best, mount) => (best && best.mountPoint.length >= mount.mountPoint.length ? best : mount),
      undefined,
    );
}

/** The check `disk`. */
export const DISK_CHECK: GaugeCheck = {
  part: 'mounts',
  judge: ({ mounts }, { diskPercent }, into, rules) => judgeDisks(mounts, diskPercent, into, rules),
  isOver: ({ mounts }, { diskPercent }, rules) => !isUnknown(mounts) && anyFuller(mounts, diskPercent, rules),
};

/** Returns whether any file system is over a threshold, takes no writes any more, or is not mounted. */
function anyFuller(mounts: Exclude<Gauges['mounts'], Unknown>, percent: number, rules: MountRules): boolean {
  for (const { mountPoint, space, inodes, metadata, writes } of mounts) {
    if (!rules.none && rules.leavesOut(mountPoint)) continue;
    if (writes?.status === 'bad') return true;
    if (writes?.status === 'by-design' && !rules.has(mountPoint)) continue;
    const level = rules.none || isUnknown(space) ? percent : rules.levelOf(mountPoint, space, percent);
    if (!isUnknown(space) && space.percent > level) return true;
    if (metadata !== undefined && metadata.percent > percent) return true;
    if (!isUnknown(inodes) && inodes.percent > percent) return true;
  }
  if (!rules.none) for (const path of rules.namedPaths) if (!isAmong(mounts, path)) return true;
  return false;
}
