import { unknown, type Reading } from '../../model/reading.js';
import type { MemoryReading } from '../../model/snapshot.js';
import { NamedNumbers } from './named-numbers.js';
import { percentOf } from './percent.js';

/** Memory of a host or a control group in bytes; −1 stands for "not known". Overwritten by each reading. */
export interface MemoryFigures {
  readonly scope: MemoryReading['scope'];
  total: number;
  /** Huge pages: no part of the total. */
  reserved: number;
  available: number;
  reclaimableSlab: number;
  pageCache: number;
  uncountedCache: number;
  uncountedSlab: number;
  arc: number;
}

/** A place for figures, with nothing known yet. */
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
const TOTAL = 0;
const AVAILABLE = 1;
const HUGE = 2;
const FREE = 3;
const BUFFERS = 4;
const CACHED = 5;
const ACTIVE_FILE = 6;
const INACTIVE_FILE = 7;
const SHARED = 8;
const RECLAIMABLE = 9;

/** So many of the names tell how full memory is, where the kernel tells its huge pages; the others, what it is full of. */
export const USE_LINES = 3;

/** Makes the parser of `/proc/meminfo`. */
export const createMeminfo = (): NamedNumbers =>
  new NamedNumbers([
    'MemTotal',
    'MemAvailable',
    'Hugetlb',
    'MemFree',
    'Buffers',
    'Cached',
    'Active(file)',
    'Inactive(file)',
    'Shmem',
    'SReclaimable',
  ]);

/**
 * Turns the first lines of `/proc/meminfo` into figures. Huge pages are reserved, not used: they are no part of the
 * total. `available` is −1 without `MemAvailable` (kernels before 3.14), and where the figure is impossible: more than
 * there is. A figure of 0 is doubtful, see `isDoubtful`.
 *
 * @returns whether there was a total
 */
export function hostUse(lines: Float64Array, into: MemoryFigures): boolean {
  const available = lines[AVAILABLE]!;
  const total = lines[TOTAL]!;
  const reserved = lines[HUGE]! > 0 && lines[HUGE]! < total ? lines[HUGE]! : 0;
  into.reserved = reserved * KIB;
  into.total = (total - reserved) * KIB;
  into.available = available < 0 || available > total ? -1 : available * KIB;
  return total > 0;
}

/** Whether the kernel tells its huge pages (since 4.16). */
export const tellsHuge = (lines: Float64Array): boolean => lines[HUGE]! >= 0;

/** Whether what is said to be available has to be held against an estimate: programs that fake the file get it wrong. */
export const isDoubtful = ({ available }: Pick<MemoryFigures, 'available'>): boolean => available <= 0;

/**
 * The kernel's own estimate for kernels that do not print it, or print what cannot be, in bytes: free memory above the low watermark,
 * and the part of the page cache and the slab that can go. Formula: kernel commit 34e431b0ae39
 * (`si_mem_available`); the watermark from `vm.min_free_kbytes` as procps' `free` does it (5/4 of it).
 *
 * @returns −1 where one of the lines is missing, or they make more than there is
 */
export function estimateAvailable(lines: Float64Array, minFreeKib: number, totalBytes: number): number {
  const free = lines[FREE]!;
  const active = lines[ACTIVE_FILE]!;
  const inactive = lines[INACTIVE_FILE]!;
  const slab = lines[RECLAIMABLE]!;
  if (minFreeKib < 0 || free < 0 || active < 0 || inactive < 0 || slab < 0) return -1;
  const low = (minFreeKib * 5) / 4;
  const pages = active + inactive;
  const estimate = free - low + pages - Math.min(pages / 2, low) + slab - Math.min(slab / 2, low);
  const bytes = Math.max(0, Math.floor(estimate)) * KIB;
  return bytes > totalBytes ? -1 : bytes;
}

/**
 * What is cached, and what of it the kernel leaves out when it counts page cache and slab as available: half of each,
 * at most the low watermark (`si_mem_available`).
 */
export function hostCaches(lines: Float64Array, lowKib: number, into: MemoryFigures): void {
  const cached = lines[CACHED]!;
  const buffers = lines[BUFFERS]!;
  const shared = lines[SHARED]!;
  const active = lines[ACTIVE_FILE]!;
  const inactive = lines[INACTIVE_FILE]!;
  const slab = lines[RECLAIMABLE]!;
  into.reclaimableSlab = slab < 0 ? -1 : slab * KIB;
  // `Cached` counts shared memory too, which is no cache; `Buffers` is the page cache of block devices.
  into.pageCache =
    cached < 0 || buffers < 0 || shared < 0 ? -1 : Math.max(0, cached + buffers - shared) * KIB;
  into.uncountedCache =
    lowKib < 0 || active < 0 || inactive < 0 ? -1 : Math.min((active + inactive) / 2, lowKib) * KIB;
  into.uncountedSlab = lowKib < 0 || slab < 0 ? -1 : Math.min(slab / 2, lowKib) * KIB;
}

/**
 * The low watermark of all zones, in KiB, as the kernel sets it (`__setup_per_zone_wmarks`): above the smallest by a
 * quarter of it, or by `vm.watermark_scale_factor` ten-thousandths of memory where that is more.
 */
export const lowWatermark = (minFreeKib: number, scale: number, totalBytes: number): number =>
  minFreeKib < 0 || scale < 0
    ? -1
    : minFreeKib + Math.max(minFreeKib / 4, (totalBytes / KIB / 10_000) * scale);

/** `100 × (total − available) / total`, 0–100. */
export const usedPercent = (figures: MemoryFigures): number =>
  percentOf(figures.total - figures.available, figures.total);

const NO_SLAB = Object.freeze(unknown('reclaimable slab is not told here'));
const NO_LOW = Object.freeze(unknown('what the kernel leaves out of available memory is not told here'));
const NO_CACHE = Object.freeze(unknown('the size of the page cache is not told here'));

/** Makes the reading. */
export function toMemoryReading(figures: MemoryFigures): MemoryReading {
  const totalBytes = figures.total;
  const availableBytes = Math.min(figures.available, totalBytes);
  const reclaimableSlabBytes: Reading<number> =
    figures.reclaimableSlab < 0 ? NO_SLAB : figures.reclaimableSlab;
  const pageCacheBytes: Reading<number> = figures.pageCache < 0 ? NO_CACHE : figures.pageCache;
  const uncountedCacheBytes: Reading<number> = figures.uncountedCache < 0 ? NO_LOW : figures.uncountedCache;
  const uncountedSlabBytes: Reading<number> = figures.uncountedSlab < 0 ? NO_LOW : figures.uncountedSlab;
  return Object.freeze({
    scope: figures.scope,
    totalBytes,
    ...(figures.reserved > 0 ? { reservedBytes: figures.reserved } : {}),
    availableBytes,
    usedPercent: usedPercent(figures),
    reclaimableSlabBytes,
    pageCacheBytes,
    uncountedCacheBytes,
    uncountedSlabBytes,
    evictableArcBytes: figures.arc,
  });
}
