import { describe, expect, it } from 'vitest';
import * as memory from '../../../src/host/linux/memory.js';
import { unknownSaying, textOf } from './odd-hosts.js';

const KIB = 1024;
const LINES = {
  ...{ MemTotal: 10_000, MemAvailable: 4_000, Hugetlb: 0, MemFree: 2_000, Buffers: 100, Cached: 900 },
  ...{ 'Active(file)': 500, 'Inactive(file)': 300, Shmem: 50, SReclaimable: 400 },
};

/** Numbers of a `/proc/meminfo` with these lines; without a line if its number is negative. */
function lines(changes: Partial<Record<keyof typeof LINES, number>> = {}): Float64Array {
  const text = Object.entries({ ...LINES, ...changes })
    .flatMap(([name, kib]) => (kib < 0 ? [] : [`${name}: ${kib} kB\n`]))
    .join('');
  return memory.createMeminfo().parse(textOf(text));
}
const figures = () => memory.noFigures('host');

describe('the memory of a host', () => {
  it.each([
    ['the available memory', {}, { total: 10_000, available: 4_000, reserved: 0 }],
    ['all of it as available', { MemAvailable: 10_000 }, { total: 10_000, available: 10_000 }],
    ['more available than there is', { MemAvailable: 10_001 }, { total: 10_000, available: -1 / KIB }],
    ['nothing as available', { MemAvailable: 0 }, { available: 0 }],
    ['no available memory', { MemAvailable: -1 }, { available: -1 / KIB }],
    ['huge pages', { Hugetlb: 1 }, { total: 9_999, reserved: 1, available: 4_000 }],
    ['huge pages, but one page', { Hugetlb: 9_999 }, { total: 1, reserved: 9_999 }],
    ['only huge pages', { Hugetlb: 10_000 }, { total: 10_000, reserved: 0 }],
    ['no line of huge pages', { Hugetlb: -1 }, { total: 10_000, reserved: 0 }],
  ])('is read from lines that have %s', (_, changes, kib) => {
    const into = figures();
    expect(memory.hostUse(lines(changes), into)).toBe(true);
    expect(into).toMatchObject(Object.fromEntries(Object.entries(kib).map(([key, n]) => [key, n * KIB])));
  });

  it.each([
    [1, true],
    [0, false],
    [-1, false],
  ])('with a total of %i is known: %s', (MemTotal, known) => {
    expect(memory.hostUse(lines({ MemTotal }), figures())).toBe(known);
  });

  it('lists its huge pages on newer kernels', () => {
    expect(memory.listsHugePages(lines({ Hugetlb: 0 }))).toBe(true);
    expect(memory.listsHugePages(lines({ Hugetlb: -1 }))).toBe(false);
  });

  it.each([
    [-1, true],
    [0, true],
    [1, false],
  ])('is doubtful with %i available bytes: %s', (available, doubtful) => {
    expect(memory.isDoubtful({ available })).toBe(doubtful);
  });

  it('is used by the share that is not available', () => {
    expect(memory.usedPercent({ ...figures(), total: 400, available: 100 })).toBe(75);
  });
});

describe('the low watermark of memory', () => {
  it.each([
    ['a quarter above the minimum', 1_000, 10, 100_000 * KIB, 1_250],
    ['the scale factor, if that is more', 1_000, 100, 100_000 * KIB, 2_000],
    ['the minimum alone, without memory', 0, 10, 0, 0],
    ['unknown without a minimum', -1, 10, 100_000 * KIB, -1],
    ['unknown without a scale factor', 1_000, -1, 100_000 * KIB, -1],
    ['known with a scale factor of 0', 1_000, 0, 100_000 * KIB, 1_250],
  ])('is %s', (_, minFreeKib, scale, totalBytes, kib) => {
    expect(memory.lowWatermark(minFreeKib, scale, totalBytes)).toBe(kib);
  });
});

describe('the caches of a host', () => {
  const caches = (changes: Parameters<typeof lines>[0], lowKib = 100) => {
    const into = figures();
    memory.hostCaches(lines(changes), lowKib, into);
    return into;
  };

  it('are those that the kernel does not count as available up to half, at most the watermark', () => {
    expect(caches({})).toMatchObject({
      ...{ reclaimableSlab: 400 * KIB, pageCache: 950 * KIB },
      ...{ uncountedCache: 100 * KIB, uncountedSlab: 100 * KIB },
    });
    expect(caches({}, 10_000)).toMatchObject({ uncountedCache: 400 * KIB, uncountedSlab: 200 * KIB });
    expect(caches({}, 0)).toMatchObject({ uncountedCache: 0, uncountedSlab: 0 });
  });

  it('are never less than nothing', () => {
    expect(caches({ Shmem: 2_000 }).pageCache).toBe(0);
  });

  it.each([
    ['SReclaimable', ['reclaimableSlab', 'uncountedSlab']],
    ['Cached', ['pageCache']],
    ['Buffers', ['pageCache']],
    ['Shmem', ['pageCache']],
    ['Active(file)', ['uncountedCache']],
    ['Inactive(file)', ['uncountedCache']],
  ] as const)('are unknown without %s: %j', (name, unknown) => {
    const parts = ['reclaimableSlab', 'pageCache', 'uncountedCache', 'uncountedSlab'] as const;
    const without = caches({ [name]: -1 });
    expect(parts.filter((part) => without[part] === -1)).toEqual(
      parts.filter((part) => unknown.includes(part as never)),
    );
    expect(
      parts.filter((part) => caches({ [name]: 0 })[part] < 0),
      'with 0',
    ).toEqual([]);
  });

  it('have no uncounted part without a watermark', () => {
    expect(caches({}, -1)).toMatchObject({ uncountedCache: -1, uncountedSlab: -1, pageCache: 950 * KIB });
  });
});

describe('the estimate of the available memory', () => {
  const total = 10_000 * KIB;

  it('is free memory above the watermark, and half of the caches at least', () => {
    expect(memory.estimateAvailable(lines(), 80, total)).toBe((2_000 - 100 + 800 - 100 + 400 - 100) * KIB);
    expect(memory.estimateAvailable(lines(), 800, total)).toBe((2_000 - 1_000 + 400 + 200) * KIB);
    expect(memory.estimateAvailable(lines(), 0, total)).toBe((2_000 + 800 + 400) * KIB);
  });

  it('is in whole KiB, and never less than nothing', () => {
    expect(memory.estimateAvailable(lines({ SReclaimable: 1 }), 80, total)).toBe(
      Math.floor(2_000 - 100 + 800 - 100 + 0.5) * KIB,
    );
    expect(memory.estimateAvailable(lines({ MemFree: 0 }), 8_000, total)).toBe(0);
  });

  it.each(['MemFree', 'Active(file)', 'Inactive(file)', 'SReclaimable'] as const)(
    'is unknown without %s, and known with 0',
    (name) => {
      expect(memory.estimateAvailable(lines({ [name]: -1 }), 80, total)).toBe(-1);
      expect(memory.estimateAvailable(lines({ [name]: 0 }), 80, total)).toBeGreaterThan(0);
    },
  );

  it('is unknown without the minimum of free memory, and if it exceeds the total', () => {
    expect(memory.estimateAvailable(lines(), -1, total)).toBe(-1);
    expect(memory.estimateAvailable(lines(), 0, 3_200 * KIB)).toBe(3_200 * KIB);
    expect(memory.estimateAvailable(lines(), 0, 3_200 * KIB - 1)).toBe(-1);
  });
});

describe('a reading of memory', () => {
  const known = {
    ...{ total: 400, available: 100, reserved: 0, reclaimableSlab: 0, pageCache: 0 },
    ...{ uncountedCache: 0, uncountedSlab: 0, arc: 7 },
  };

  it('has the figures that are known, also if they are 0', () => {
    expect(memory.toMemoryReading({ scope: 'cgroup', ...known })).toEqual({
      ...{ scope: 'cgroup', totalBytes: 400, availableBytes: 100, usedPercent: 75, evictableArcBytes: 7 },
      ...{ reclaimableSlabBytes: 0, pageCacheBytes: 0, uncountedCacheBytes: 0, uncountedSlabBytes: 0 },
    });
    expect(memory.toMemoryReading({ scope: 'host', ...known, reserved: 1 })).toMatchObject({
      reservedBytes: 1,
    });
  });

  it('has no more available than there is, and says which figures are unknown', () => {
    const reading = memory.toMemoryReading({ ...figures(), total: 400, available: 500 });
    expect(reading).toMatchObject({
      ...{ availableBytes: 400, usedPercent: 0, evictableArcBytes: 0 },
      reclaimableSlabBytes: unknownSaying('slab'),
      pageCacheBytes: unknownSaying('page cache'),
      uncountedCacheBytes: unknownSaying('does not count'),
      uncountedSlabBytes: unknownSaying('does not count'),
    });
    expect(Object.isFrozen(reading)).toBe(true);
  });

  it('begins with figures that are unknown', () => {
    expect(figures()).toEqual({
      ...{ scope: 'host', total: -1, reserved: 0, available: -1, reclaimableSlab: -1, pageCache: -1 },
      ...{ uncountedCache: -1, uncountedSlab: -1, arc: 0 },
    });
  });
});
