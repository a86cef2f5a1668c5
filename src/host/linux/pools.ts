import { isUnknown, type Writable } from '../../model/reading.js';
import type { UsageReading } from '../../model/snapshot.js';
import type { CountedMount } from './mounts-that-count.js';
import { percentOf } from './percent.js';
import type { WatchedMount } from './watched-mounts.js';

/** The pool that a file system takes its space from, where several do; `undefined` for all others. */
export const poolOf = ({ fsType, source }: Pick<CountedMount, 'fsType' | 'source'>): string | undefined =>
  fsType === 'zfs' ? source.split(/[/@]/, 1)[0] : undefined;

/** Which one stands for its pool: `/`, then the one that did before, then the highest in the pool, then the shortest path. */
export function firstOfPool<T extends CountedMount>(members: readonly T[], before: string | undefined): T {
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

/** So much less may be available to one than to the others of its pool: they are asked one after the other. */
const ALIKE = 0.01;

/** Data sets of one pool, one of which stands for it. */
export class Pool {
  readonly #first: WatchedMount;
  readonly #members: readonly WatchedMount[];
  readonly #usage: Writable<UsageReading> = { used: 0, available: 0, percent: 0 };

  constructor(first: WatchedMount, members: readonly WatchedMount[]) {
    this.#first = first;
    this.#members = members;
  }

  /**
   * Puts the fill of the pool into the one that stands for it, and leaves out the others. One that has clearly less
   * available has a quota, and is counted by itself, too.
   */
  settle(): void {
    const known = this.#members.flatMap(({ space }) => (isUnknown(space) ? [] : [space]));
    if (known.length === 0) return;
    const used = known.reduce((sum, space) => sum + space.used, 0);
    const most = known.reduce((max, { available }) => Math.max(max, available), 0);
    const available = commonest(
      known.map((space) => space.available),
      ALIKE * (used + most),
    );
    const least = available - ALIKE * (used + available);
    for (const one of this.#members) {
      const hasQuota = !isUnknown(one.space) && one.space.available < least;
      one.merged = one !== this.#first && !one.isNamed && !hasQuota;
    }
    this.#first.poolWrites = this.#members.find(({ mount }) => mount.writes?.current.status === 'bad')?.mount
      .writes?.current;
    const usage = this.#usage;
    usage.used = used;
    usage.available = available;
    usage.percent = percentOf(used, used + available);
    if (used + available > 0) this.#first.space = usage;
  }
}

/** The value around which most lie, the largest of them; of several such places the highest. */
function commonest(values: readonly number[], width: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  let [best, most] = [0, 0];
  for (let low = 0, high = 0; high < sorted.length; high += 1) {
    while (sorted[high]! - sorted[low]! > width) low += 1;
    if (high - low + 1 >= most) [best, most] = [sorted[high]!, high - low + 1];
  }
  return best;
}
