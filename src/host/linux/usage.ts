import { unknown, type Reading } from '../reading.js';
import type { UsageReading } from '../snapshot.js';
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
const NO_INODES = Object.freeze(unknown('this file system has no fixed number of inodes'));
const NONSENSE = Object.freeze(unknown('statfs gave numbers that contradict each other'));

/** A negative number of blocks, seen as an unsigned one. */
const NEGATIVE = 2 ** 63;

/** Bytes, as `df` shows them: blocks kept for root are neither used nor available. */
export function spaceOf(stat: StatFs): Reading<UsageReading> {
  if (!(stat.blocks > 0)) return NO_SPACE;
  const unit = stat.frsize !== undefined && stat.frsize > 0 ? stat.frsize : stat.bsize;
  return usage(stat.blocks - stat.bfree, stat.bavail >= NEGATIVE ? 0 : stat.bavail, unit);
}

/** Inodes; unknown where the file system makes them as it goes (btrfs, vfat). */
export function inodesOf(stat: StatFs): Reading<UsageReading> {
  if (!(stat.files > 0)) return NO_INODES;
  return usage(stat.files - stat.ffree, stat.ffree, 1);
}

function usage(usedUnits: number, availableUnits: number, unit: number): Reading<UsageReading> {
  const used = usedUnits * unit;
  const available = availableUnits * unit;
  const sum = used + available;
  if (!(used >= 0) || !(available >= 0) || !(sum > 0) || sum === Infinity) return NONSENSE;
  return Object.freeze({ used, available, percent: percentOf(used, sum) });
}
