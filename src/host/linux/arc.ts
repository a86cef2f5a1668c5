import { NamedNumbers } from './named-numbers.js';

/** The parts of the cache that can go. */
const EVICTABLE = [
  'mru_evictable_data',
  'mru_evictable_metadata',
  'mfu_evictable_data',
  'mfu_evictable_metadata',
];

/** Makes the parser of `/proc/spl/kstat/zfs/arcstats`, whose lines are name, type, number. */
export const createArcstats = (): NamedNumbers => new NamedNumbers(['size', 'c_min', ...EVICTABLE], 2);

/**
 * Memory that ZFS gives back when programs need it: the cache down to its smallest size, and no more than its evictable
 * parts where these are told, in bytes. The kernel does not count it in `MemAvailable`. 0 where the lines are missing.
 */
export function evictableArc(lines: Float64Array): number {
  const size = lines[0]!;
  const smallest = lines[1]!;
  if (size < 0 || smallest < 0) return 0;
  const parts = lines.subarray(2);
  const evictable = parts.every((part) => part >= 0) ? parts.reduce((sum, part) => sum + part, 0) : Infinity;
  return Math.max(0, Math.min(size - smallest, evictable));
}
