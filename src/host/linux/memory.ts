import { unknown } from '../../model/reading.js';
import type { MemoryReading } from '../../model/snapshot.js';
import { NamedNumbers } from './named-numbers.js';
import { percentOf } from './percent.js';

/** Memory of a host or a control group in bytes; −1 is unknown. Overwritten by each reading. */
export interface MemoryFigures {
  readonly scope: MemoryReading['scope'];
  total: number;
  /** Huge pages, not part of the total. */
  reserved: number;
  available: number;
  reclaimableSlab: number;
  pageCache: number;
  uncountedCache: number;
  uncountedSlab: number;
  arc: number;
}

/** Creates empty figures to fill. */
export const noFigures = (scope: MemoryReading['scope']): MemoryFigures => ({
  scope,
  total: -1,
  reserved: 0,
  available: -1,
  reclaimableSlab: -1,
  pageCache: -1,
  uncountedCache: -1,
  uncountedSlab: -1,
  arc: 0,
});

const KIB = 1024;

/** Lines of `/proc/meminfo`, with their places among the parsed numbers. */
const LINE = {
  MemTotal: 0,
  MemAvailable: 1,
  Hugetlb: 2,
  MemFree: 3,
  Buffers: 4,
  Cached: 5,
  'Active(file)': 6,
  'Inactive(file)': 7,
  Shmem: 8,
  SReclaimable: 9,
} as const;

/** Number of lines needed for the usage; the others are for the caches. Without a line for huge pages, one fewer. */
export const USE_LINES = 3;

/** Creates a parser for `/proc/meminfo`. */
export const createMeminfo = (): NamedNumbers => new NamedNumbers(Object.keys(LINE));

/**
 * Converts the first lines of `/proc/meminfo`. Huge pages are reserved, not used, and not part of the total. `available`
 * is −1 without `MemAvailable` (kernels before 3.14), or if it exceeds the total.
 *
 * @returns whether there is a total
 */
export function hostUse(lines: Float64Array, into: MemoryFigures): boolean {
  const available = lines[LINE.MemAvailable]!;
  const total = lines[LINE.MemTotal]!;
  const huge = lines[LINE.Hugetlb]!;
  const reserved = huge > 0 && huge < total ? huge : 0;
  into.reserved = reserved * KIB;
  into.total = (total - reserved) * KIB;
  into.available = available < 0 || available > total ? -1 : available * KIB;
  return total > 0;
}

/** Returns whether the kernel lists its huge pages (since 4.16). */
export const listsHugePages = (lines: Float64Array): boolean => lines[LINE.Hugetlb]! >= 0;

/** Returns whether `available` has to be compared with an estimate: programs that emulate the file may report 0. */
export const isDoubtful = ({ available }: Pick<MemoryFigures, 'available'>): boolean => available <= 0;

/**
 * Estimates the available memory, in bytes, where the kernel reports none or an invalid figure: free memory above the
 * low watermark, and the reclaimable part of page cache and slab. Formula: kernel commit 34e431b0ae39
 * (`si_mem_available`); the watermark is 5/4 of `vm.min_free_kbytes`, as in procps' `free`.
 *
 * @returns −1 if a line is missing, or if the estimate exceeds the total
 */
export function estimateAvailable(lines: Float64Array, minFreeKib: number, totalBytes: number): number {
  const free = lines[LINE.MemFree]!;
  const active = lines[LINE['Active(file)']]!;
  const inactive = lines[LINE['Inactive(file)']]!;
  const slab = lines[LINE.SReclaimable]!;
  if (minFreeKib < 0 || free < 0 || active < 0 || inactive < 0 || slab < 0) return -1;
  const low = (minFreeKib * 5) / 4;
  const pages = active + inactive;
  const estimate = free - low + pages - Math.min(pages / 2, low) + slab - Math.min(slab / 2, low);
  const bytes = Math.max(0, Math.floor(estimate)) * KIB;
  return bytes > totalBytes ? -1 : bytes;
}

/**
 * Computes the caches, and the part of page cache and slab that the kernel does not count as available: half of each, at
 * most the low watermark (`si_mem_available`).
 */
export function hostCaches(lines: Float64Array, lowKib: number, into: MemoryFigures): void {
  const cached = lines[LINE.Cached]!;
  const buffers = lines[LINE.Buffers]!;
  const shared = lines[LINE.Shmem]!;
  const active = lines[LINE['Active(file)']]!;
  const inactive = lines[LINE['Inactive(file)']]!;
  const slab = lines[LINE.SReclaimable]!;
  into.reclaimableSlab = slab < 0 ? -1 : slab * KIB;
  // `Cached` includes shared memory, which is not a cache; `Buffers` is the page cache of block devices.
  into.pageCache =
    cached < 0 || buffers < 0 || shared < 0 ? -1 : Math.max(0, cached + buffers - shared) * KIB;
  into.uncountedCache =
    lowKib < 0 || active < 0 || inactive < 0 ? -1 : Math.min((active + inactive) / 2, lowKib) * KIB;
  into.uncountedSlab = lowKib < 0 || slab < 0 ? -1 : Math.min(slab / 2, lowKib) * KIB;
}

/**
 * Computes the low watermark of all zones, in KiB, like the kernel (`__setup_per_zone_wmarks`): the minimum plus a
 * quarter of it, or plus `vm.watermark_scale_factor` ten-thousandths of memory if that is more.
 */
export const lowWatermark = (minFreeKib: number, scale: number, totalBytes: number): number =>
  minFreeKib < 0 || scale < 0
    ? -1
    : minFreeKib + Math.max(minFreeKib / 4, (totalBytes / KIB / 10_000) * scale);

/** `100 × (total − available) / total`, 0–100. */
export const usedPercent = (figures: MemoryFigures): number =>
  percentOf(figures.total - figures.available, figures.total);

const NO_SLAB = Object.freeze(unknown('reclaimable slab is not reported here'));
const NO_LOW = Object.freeze(
  unknown('the part of the caches that does not count as available is not reported here'),
);
const NO_CACHE = Object.freeze(unknown('the size of the page cache is not reported here'));

export const toMemoryReading = (figures: MemoryFigures): MemoryReading =>
  Object.freeze({
    scope: figures.scope,
    totalBytes: figures.total,
    ...(figures.reserved > 0 ? { reservedBytes: figures.reserved } : {}),
    availableBytes: Math.min(figures.available, figures.total),
    usedPercent: usedPercent(figures),
    reclaimableSlabBytes: figures.reclaimableSlab < 0 ? NO_SLAB : figures.reclaimableSlab,
    pageCacheBytes: figures.pageCache < 0 ? NO_CACHE : figures.pageCache,
    uncountedCacheBytes: figures.uncountedCache < 0 ? NO_LOW : figures.uncountedCache,
    uncountedSlabBytes: figures.uncountedSlab < 0 ? NO_LOW : figures.uncountedSlab,
    evictableArcBytes: figures.arc,
  });
