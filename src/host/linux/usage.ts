import { unknown, type Reading, type Writable } from '../../model/reading.js';
import type { UsageReading } from '../../model/snapshot.js';
import { percentOf } from './percent.js';

/** Result of `statfs`; Node's `StatsFs` is assignable. */
export interface StatFs {
  readonly bsize: number;
  /** Unit of the block counts if it differs from `bsize` (FUSE); provided by newer Node versions. */
  readonly frsize?: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

const NO_SPACE = Object.freeze(unknown('this file system reports no size'));
export const NO_INODES = Object.freeze(unknown('this file system has no fixed number of inodes'));
const INVALID = Object.freeze(unknown('statfs returned numbers that contradict each other'));

/** Block counts from here on are negative numbers read as unsigned. */
const NEGATIVE = 2 ** 63;

/** Creates an empty reading to fill. */
export const noUsage = (): Writable<UsageReading> => ({ used: NaN, available: NaN, percent: NaN });

/** Computes bytes like `df`, into `into`: blocks reserved for root are neither used nor available. */
export function spaceOf(stat: StatFs, into = noUsage()): Reading<UsageReading> {
  if (!(stat.blocks > 0)) return NO_SPACE;
  const unit = stat.frsize !== undefined && stat.frsize > 0 ? stat.frsize : stat.bsize;
  return usageFrom(stat.blocks - stat.bfree, stat.bavail >= NEGATIVE ? 0 : stat.bavail, unit, into);
}

/** Computes inodes, into `into`; unknown if the file system allocates them dynamically (btrfs, vfat). */
export function inodesOf(stat: StatFs, into = noUsage()): Reading<UsageReading> {
  if (!(stat.files > 0)) return NO_INODES;
  return usageFrom(stat.files - stat.ffree, stat.ffree, 1, into);
}

function usageFrom(
  usedUnits: number,
  availableUnits: number,
  unit: number,
  into: Writable<UsageReading>,
): Reading<UsageReading> {
  const used = usedUnits * unit;
  const available = availableUnits * unit;
  const sum = used + available;
  if (!(used >= 0) || !(available >= 0) || !(sum > 0) || sum === Infinity) return INVALID;
  into.used = used;
  into.available = available;
  into.percent = percentOf(used, sum);
  return into;
}
