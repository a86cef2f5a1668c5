import { NamedNumbers } from './named-numbers.js';

/** Makes the parser of `/proc/spl/kstat/zfs/arcstats`, whose lines are name, type, number. */
export const createArcstats = (): NamedNumbers => new NamedNumbers(['size', 'c_min'], 2);

/**
 * Memory that ZFS gives back when programs need it: the cache down to its smallest size, in bytes. The kernel
 * does not count it in `MemAvailable`. 0 where the lines are missing.
 */
export function evictableArc(lines: Float64Array): number {
  const size = lines[0]!;
  const smallest = lines[1]!;
  return size < 0 || smallest < 0 ? 0 : Math.max(0, size - smallest);
}
