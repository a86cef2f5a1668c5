import { isUnknown, type Reading } from '../host/reading.js';
import type { MountReading, UsageReading } from '../host/snapshot.js';
import { IssueType, Severity, type ComponentVerdict, type Verdict } from '../issue.js';
import { bytes, count } from '../words.js';
import { clearingLevel, percent } from './percent.js';

/** Bytes and inodes of each file system: `HIGH` over the threshold, `CRITICAL` over 95 %. */
export function judgeDisks(mounts: Reading<readonly MountReading[]>, threshold: number): ComponentVerdict[] {
  const about = { check: 'disk', type: IssueType.RESOURCE };
  if (isUnknown(mounts)) return [{ ...about, component: 'disk', status: 'unknown', reason: mounts.unknown }];
  return mounts.flatMap((mount) => {
    const on = (word: string, verdict: Verdict): ComponentVerdict =>
      // Two spreads into one literal would make a slow object of 2.5 kB.
      Object.assign({ ...about, component: `${word}:${mount.mountPoint}` }, verdict);
    const space = on('disk', judgeSpace(mount, threshold));
    // A file system that makes inodes as it needs them cannot run out of them: nothing to say.
    if (isUnknown(mount.inodes) && !isUnknown(mount.space)) return [space];
    return [space, on('inodes', judgeInodes(mount, threshold))];
  });
}

function judgeSpace({ mountPoint, space }: MountReading, threshold: number): Verdict {
  if (isUnknown(space)) return { status: 'unknown', reason: space.unknown };
  return judgeUsage(
    space,
    threshold,
    `${mountPoint} is ${percent(space.percent)} full, ${bytes(space.available)} left`,
  );
}

function judgeInodes({ mountPoint, inodes }: MountReading, threshold: number): Verdict {
  if (isUnknown(inodes)) return { status: 'unknown', reason: inodes.unknown };
  const left = `${count(inodes.available)} left`;
  return judgeUsage(
    inodes,
    threshold,
    `Inodes of ${mountPoint} are ${percent(inodes.percent)} used, ${left}`,
  );
}

function judgeUsage(usage: UsageReading, threshold: number, words: string): Verdict {
  return {
    status: usage.percent > threshold ? 'bad' : 'ok',
    severity: usage.percent > 95 ? Severity.CRITICAL : Severity.HIGH,
    value: usage.percent,
    threshold,
    clearsAt: clearingLevel(threshold),
    reason: `${words}, threshold ${percent(threshold)}`,
  };
}

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
