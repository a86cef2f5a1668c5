import { isUnknown, type Writable } from '../../model/reading.js';
import type { UsageReading } from '../../model/snapshot.js';
import type { MonitoredMount } from './monitored-mounts.js';
import { percentOf } from './percent.js';
import type { MountUsage } from './mount-usage.js';

/** Returns the pool whose space a file system shares with others; `undefined` for all other types. */
export const poolOf = ({ fsType, source }: Pick<MonitoredMount, 'fsType' | 'source'>): string | undefined =>
  fsType === 'zfs' ? source.split(/[/@]/, 1)[0] : undefined;

/** Returns the representative of a pool: `/`, then the previous one, then the highest data set, then the shortest path. */
export function firstOfPool<T extends MonitoredMount>(members: readonly T[], before: string | undefined): T {
  const named = (path: string | undefined) => members.find(({ mountPoint }) => mountPoint === path);
  const depth = ({ source }: T): number => source.split('/').length;
  return (
    named('/') ??
    named(before) ??
    members.reduce((best, one) => {
      const by = depth(one) - depth(best) || one.mountPoint.length - best.mountPoint.length;
      return by < 0 || (by === 0 && one.mountPoint < best.mountPoint) ? one : best;
    })
  );
}

/** Tolerated difference of the available space within a pool, because its members are read one after the other. */
const TOLERANCE = 0.01;

/** Data sets of a pool, one of which represents it. */
export class Pool {
  readonly #first: MountUsage;
  readonly #members: readonly MountUsage[];
  readonly #usage: Writable<UsageReading> = { used: 0, available: 0, percent: 0 };

  constructor(first: MountUsage, members: readonly MountUsage[]) {
    this.#first = first;
    this.#members = members;
  }

  /**
   * Assigns the usage of the pool to its representative and marks the others as merged, except for a data set with
   * clearly less available: it has a quota.
   */
  merge(): void {
    const known = this.#members.flatMap(({ space }) => (isUnknown(space) ? [] : [space]));
    if (known.length === 0) return;
    const used = known.reduce((sum, space) => sum + space.used, 0);
    const largest = known.reduce((max, { available }) => Math.max(max, available), 0);
    const available = mostFrequent(
      known.map((space) => space.available),
      TOLERANCE * (used + largest),
    );
    const least = available - TOLERANCE * (used + available);
    for (const one of this.#members) {
      const hasQuota = !isUnknown(one.space) && one.space.available < least;
      one.merged = one !== this.#first && !one.mount.isNamed && !hasQuota;
    }
    this.#first.poolWrites = this.#members
      .map(({ mount }) => mount.writes?.current)
      .find((writes) => writes?.status === 'bad');
    const usage = this.#usage;
    usage.used = used;
    usage.available = available;
    usage.percent = percentOf(used, used + available);
    if (used + available > 0) this.#first.space = usage;
  }
}

/** Returns the largest value of the interval of `width` that contains most values; of several intervals the highest. */
function mostFrequent(values: readonly number[], width: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  let [best, count] = [0, 0];
  for (let low = 0, high = 0; high < sorted.length; high += 1) {
    while (sorted[high]! - sorted[low]! > width) low += 1;
    if (high - low + 1 >= count) [best, count] = [sorted[high]!, high - low + 1];
  }
  return best;
}
