import { unknown, type Reading, type Writable } from '../../model/reading.js';
import type { UsageReading } from '../../model/snapshot.js';
import { percentOf } from './percent.js';

/** What `statfs` answers; Node's `StatsFs` fits. */
export interface StatFs {
  readonly bsize: number;
  /** The unit of the block counts where it differs from `bsize` (FUSE); newer Node versions give it. */
  readonly frsize?: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

const NO_SPACE = Object.freeze(unknown('this file system tells no size'));
export const NO_INODES = Object.freeze(unknown('this file system has no fixed number of inodes'));
const NONSENSE = Object.freeze(unknown('statfs gave numbers that contradict each other'));

/** A negative number of blocks, seen as an unsigned one. */
const NEGATIVE = 2 ** 63;

/** A place for a reading. */
export const noUsage = (): Writable<UsageReading> => ({ used: NaN, available: NaN, percent: NaN });

/** Bytes, as `df` shows them: blocks kept for root are neither used nor available. Given in `into`. */
export function spaceOf(stat: StatFs, into = noUsage()): Reading<UsageReading> {
  if (!(stat.blocks > 0)) return NO_SPACE;
  const unit = stat.frsize !== undefined && stat.frsize > 0 ? stat.frsize : stat.bsize;
  return usage(stat.blocks - stat.bfree, stat.bavail >= NEGATIVE ? 0 : stat.bavail, unit, into);
}

/** Inodes; unknown where the file system makes them as it goes (btrfs, vfat). Given in `into`. */
export function inodesOf(stat: StatFs, into = noUsage()): Reading<UsageReading> {
  if (!(stat.files > 0)) return NO_INODES;
  return usage(stat.files - stat.ffree, stat.ffree, 1, into);
}

function usage(
  usedUnits: number,
  availableUnits: number,
  unit: number,
  into: Writable<UsageReading>,
): Reading<UsageReading> {
  const used = usedUnits * unit;
  const available = availableUnits * unit;
  const sum = used + available;
  if (!(used >= 0) || !(available >= 0) || !(sum > 0) || sum === Infinity) return NONSENSE;
  into.used = used;
  into.available = available;
  into.percent = percentOf(used, sum);
  return into;
}
