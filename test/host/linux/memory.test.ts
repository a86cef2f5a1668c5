import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { NamedNumbers } from '../../../src/host/linux/named-numbers.js';
import { isUnknown } from '../../../src/model/reading.js';
import { fixture, handClock, temporaryHost, unknownSaying, textOf } from './odd-hosts.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const memoryOf = (name: string) => createLinuxReader({ root: fixture(name) }).memory();

describe('memory', () => {
  it('is taken from MemAvailable', () => {
    expect(memoryOf('one-cpu')).toEqual({
      scope: 'host',
      totalBytes: 1_000_000 * KIB,
      availableBytes: 250_000 * KIB,
      usedPercent: 75,
      reclaimableSlabBytes: 300_000 * KIB,
      pageCacheBytes: (3_000_000 + 120_004 - 220_004) * KIB,
      uncountedCacheBytes: unknownSaying('does not count as available'),
      uncountedSlabBytes: unknownSaying('does not count as available'),
      evictableArcBytes: 0,
    });
  });

  it('is computed by the kernel’s formula on an old kernel without MemAvailable', () => {
    const low = (45056 * 5) / 4;
    const estimate = 151972 - low + (90004 + 310292) - low + 46896 - 46896 / 2;
    const total = 1017812 * KIB;
    expect(memoryOf('old-kernel')).toMatchObject({
      scope: 'host',
      totalBytes: total,
      availableBytes: estimate * KIB,
      usedPercent: (100 * (total - estimate * KIB)) / total,
    });
  });

  it('is unknown on an old kernel without min_free_kbytes', () => {
    const host = temporaryHost({ 'proc/meminfo': readFileSync(`${fixture('old-kernel')}/proc/meminfo`) });
    expect(createLinuxReader(host).memory()).toEqual(unknownSaying('available'));
  });

  it('counts the evictable ZFS cache as available', () => {
    const arc = 11_811_160_064 - 1_073_741_824;
    expect(memoryOf('zfs')).toMatchObject({ scope: 'host', availableBytes: 4_000_000 * KIB + arc });
  });

  it('includes a ZFS cache that appears later, at the next look-up', () => {
    const host = temporaryHost({ 'proc/meminfo': 'MemTotal: 100 kB\nMemAvailable: 40 kB\n' });
    const clock = handClock();
    const reader = createLinuxReader({ ...host, monotonic: clock.monotonic });
    expect(reader.memory()).toMatchObject({ usedPercent: 60 });
    host.put('proc/self/mountinfo', '1 0 0:9 / / rw - zfs rpool rw\n');
    host.put('proc/spl/kstat/zfs/arcstats', `c_min 4 0\nsize 4 ${10 * KIB}\n`);
    clock.forward(30_000);
    expect(reader.memory()).toMatchObject({ usedPercent: 50 });
  });

  it('counts nothing of a ZFS cache below its minimum size', () => {
    const host = temporaryHost({
      'proc/meminfo': 'MemTotal: 100 kB\nMemAvailable: 40 kB\n',
      'proc/spl/kstat/zfs/arcstats': 'name type data\nc_min 4 500\nsize 4 400\n',
    });
    expect(createLinuxReader(host).memory()).toMatchObject({ usedPercent: 60, availableBytes: 40 * KIB });
  });

  it('excludes huge pages from the total, as they are reserved, not used', () => {
    const lines = ['MemTotal: 1000 kB', 'MemAvailable: 150 kB', 'MemFree: 100 kB', 'Hugetlb: 750 kB'];
    const host = temporaryHost({ 'proc/meminfo': `${lines.join('\n')}\n` });
    expect(createLinuxReader(host).memory()).toMatchObject({
      ...{ totalBytes: 250 * KIB, reservedBytes: 750 * KIB, availableBytes: 150 * KIB, usedPercent: 40 },
    });
  });

  it.each([
    ['all of memory', 1000],
    ['more than there is', 5000],
    ['nothing', 0],
  ])('ignores invalid huge pages: %s', (_, hugeKib) => {
    const text = `MemTotal: 1000 kB\nMemAvailable: 150 kB\nHugetlb: ${hugeKib} kB\n`;
    const memory = createLinuxReader(temporaryHost({ 'proc/meminfo': text })).memory();
    expect(memory).toMatchObject({ totalBytes: 1000 * KIB, usedPercent: 85 });
    expect(memory).not.toHaveProperty('reservedBytes');
  });

  const IMPOSSIBLE = (available: number) =>
    `MemTotal: 4000000 kB\nMemFree: 2000000 kB\nMemAvailable: ${available} kB\nBuffers: 0 kB\nCached: 400000 kB\nActive(file): 200000 kB\nInactive(file): 200000 kB\nShmem: 0 kB\nSReclaimable: 0 kB\n`;

  it.each([
    ['0 with 2 GiB free', 0],
    ['more than the total', 4_000_001],
  ])('is estimated if MemAvailable is invalid: %s', (_, available) => {
    const host = temporaryHost({
      'proc/meminfo': IMPOSSIBLE(available),
      'proc/sys/vm/min_free_kbytes': '40000\n',
    });
    const estimate = 2_000_000 - 50_000 + 400_000 - 50_000;
    expect(createLinuxReader(host).memory()).toMatchObject({ availableBytes: estimate * KIB });
    const live = createLinuxReader(host).liveGauges(['memory']);
    live.read();
    expect(live.memory).toMatchObject({ availableBytes: estimate * KIB });
  });

  it('is unknown if MemAvailable is invalid and no estimate is possible', () => {
    const host = temporaryHost({ 'proc/meminfo': 'MemTotal: 100 kB\nMemAvailable: 140 kB\n' });
    expect(createLinuxReader(host).memory()).toEqual(unknownSaying('no valid available memory'));
  });

  it('accepts that nothing is available if almost nothing is free', () => {
    const host = temporaryHost({
      'proc/meminfo': IMPOSSIBLE(0)
        .replace('MemFree: 2000000', 'MemFree: 30000')
        .replaceAll('200000 kB', '0 kB'),
      'proc/sys/vm/min_free_kbytes': '40000\n',
    });
    expect(createLinuxReader(host).memory()).toMatchObject({ availableBytes: 0, usedPercent: 100 });
  });

  it.each([
    ['/proc/meminfo', 60],
    ['/proc/uptime', 50],
  ])(
    'with a mount on %s, as by lxcfs, is %i %% used: the ZFS cache of the host is not the container’s',
    (mount, percent) => {
      const host = temporaryHost({
        'proc/meminfo': 'MemTotal: 100 kB\nMemAvailable: 40 kB\n',
        'proc/self/mountinfo': `1 0 0:9 / / rw - zfs rpool rw\n2 1 0:50 /proc${mount.slice(5)} ${mount} rw - fuse.lxcfs lxcfs rw\n`,
        'proc/spl/kstat/zfs/arcstats': `c_min 4 0\nsize 4 ${10 * KIB}\n`,
      });
      expect(createLinuxReader(host).memory()).toMatchObject({ usedPercent: percent });
    },
  );

  it('counts at most the evictable parts of the ZFS cache', () => {
    const parts = [
      'mru_evictable_data',
      'mru_evictable_metadata',
      'mfu_evictable_data',
      'mfu_evictable_metadata',
    ];
    const host = temporaryHost({
      'proc/meminfo': 'MemTotal: 100 kB\nMemAvailable: 40 kB\n',
      'proc/spl/kstat/zfs/arcstats': [
        `c_min 4 0`,
        `size 4 ${50 * KIB}`,
        ...parts.map((part) => `${part} 4 ${KIB}`),
      ].join('\n'),
    });
    expect(createLinuxReader(host).memory()).toMatchObject({ availableBytes: 44 * KIB });
  });

  it('has unknown parts beside the total', () => {
    const host = temporaryHost({ 'proc/meminfo': 'MemTotal: 100 kB\nMemAvailable: 40 kB\n' });
    const memory = createLinuxReader(host).memory();
    expect(memory).toMatchObject({
      reclaimableSlabBytes: unknownSaying(),
      pageCacheBytes: unknownSaying(),
    });
  });

  it('returns a new object each time', () => {
    const host = temporaryHost({ 'proc/meminfo': 'MemTotal: 100 kB\nMemAvailable: 40 kB\n' });
    const reader = createLinuxReader(host);
    const first = reader.memory();
    expect(Object.isFrozen(first)).toBe(true);
    host.put('proc/meminfo', 'MemTotal: 100 kB\nMemAvailable: 39 kB\n');
    expect(reader.memory()).toMatchObject({ usedPercent: 61 });
    expect(first).toMatchObject({ usedPercent: 60 });
  });
});

describe('the memory limit of a control group', () => {
  it('applies if it is set on a group above that of the process (version 2)', () => {
    expect(memoryOf('cgroup-v2')).toEqual({
      scope: 'cgroup',
      totalBytes: GIB,
      // Of 900 MiB in use, 360 MiB are page cache and 8 MiB slab, which are reclaimable.
      availableBytes: (1024 - 532) * MIB,
      usedPercent: (100 * 532) / 1024,
      reclaimableSlabBytes: 8 * MIB,
      pageCacheBytes: 360 * MIB,
      uncountedCacheBytes: 0,
      uncountedSlabBytes: 0,
      evictableArcBytes: 0,
    });
  });

  it('applies inside a container with a control-group namespace', () => {
    expect(memoryOf('cgroup-v2-namespaced')).toMatchObject({
      scope: 'cgroup',
      totalBytes: 512 * MIB,
      usedPercent: 50,
    });
  });

  it('applies inside a container that sees the host’s path of its group (version 1)', () => {
    expect(memoryOf('cgroup-v1')).toMatchObject({
      scope: 'cgroup',
      totalBytes: 2 * GIB,
      availableBytes: (2048 - 1210) * MIB,
      pageCacheBytes: 690 * MIB,
      reclaimableSlabBytes: unknownSaying(),
    });
  });

  it('is none if version 1 has a number larger than any memory', () => {
    expect(memoryOf('cgroup-v1-unlimited')).toMatchObject({ scope: 'host', usedPercent: 25 });
  });

  it('does not apply to a process outside of the mounted groups', () => {
    const host = limitedHost();
    host.put('proc/self/cgroup', '0::/../other\n');
    expect(createLinuxReader(host).memory()).toMatchObject({ scope: 'host' });
  });

  it('is replaced by the host’s memory if that is fuller', () => {
    const host = limitedHost();
    host.put('proc/meminfo', 'MemTotal: 1000000 kB\nMemAvailable: 10000 kB\n');
    expect(createLinuxReader(host).memory()).toMatchObject({ scope: 'host', usedPercent: 99 });
  });

  it('is read each time, so that a raised limit applies at once', () => {
    const host = limitedHost();
    const reader = createLinuxReader(host);
    expect(reader.memory()).toMatchObject({ scope: 'cgroup', totalBytes: 100 * MIB });
    host.put('sys/fs/cgroup/a/memory.max', `${120 * MIB}\n`);
    expect(reader.memory()).toMatchObject({ scope: 'cgroup', totalBytes: 120 * MIB });
    host.put('sys/fs/cgroup/a/memory.max', 'max\n');
    expect(reader.memory()).toMatchObject({ scope: 'host' });
  });

  it.each([
    ['max', 60, 60],
    [100, 60, 60],
    [50, 'max', 50],
    [50, 60, 50],
  ])('is the lower of memory.max %s and memory.high %s', (max, high, effective) => {
    const host = limitedHost(max === 'max' ? 'max' : String(Number(max) * MIB));
    host.put('sys/fs/cgroup/a/memory.high', high === 'max' ? 'max\n' : `${Number(high) * MIB}\n`);
    expect(createLinuxReader(host).memory()).toMatchObject({ scope: 'cgroup', totalBytes: effective * MIB });
  });

  it('is found at the next look-up if it is set later', () => {
    const host = limitedHost('max');
    const clock = handClock();
    const reader = createLinuxReader({ root: host.root, monotonic: clock.monotonic, refreshMs: 500 });
    expect(reader.memory()).toMatchObject({ scope: 'host' });
    host.put('sys/fs/cgroup/a/memory.max', `${100 * MIB}\n`);
    clock.forward(500);
    expect(reader.memory()).toMatchObject({ scope: 'cgroup' });
  });

  it('is unknown, not the host’s, while the group’s usage cannot be read', () => {
    const host = limitedHost();
    const reader = createLinuxReader(host);
    host.remove('sys/fs/cgroup/a/memory.current');
    expect(reader.memory()).toEqual(unknownSaying('memory.current'));
    host.put('sys/fs/cgroup/a/memory.current', `${50 * MIB}\n`);
    expect(reader.memory()).toMatchObject({ scope: 'cgroup' });
  });

  it('follows a process that was moved to another group', () => {
    const host = limitedHost();
    const reader = createLinuxReader(host);
    expect(reader.memory()).toMatchObject({ scope: 'cgroup' });
    host.put('proc/self/cgroup', '0::/b\n');
    host.remove('sys/fs/cgroup/a');
    reader.close();
    expect(reader.memory()).toMatchObject({ scope: 'host' });
  });
});

describe('the parser of named numbers', () => {
  const NAMES = ['MemTotal', 'MemAvailable', 'Active(file)', 'SReclaimable'];

  it('finds names in any order of the lines', () => {
    const numbers = new NamedNumbers(['b', 'a']);
    const parse = (text: string) => [...numbers.parse(textOf(text))];
    expect(parse('a: 1 kB\nb: 2 kB\n')).toEqual([2, 1]);
    expect(parse('b 3\na 4')).toEqual([3, 4]);
    expect(parse('ab 3\na\t5\n')).toEqual([-1, 5]);
    expect(parse('a\nb')).toEqual([-1, -1]);
    expect(parse('')).toEqual([-1, -1]);
  });

  it('reads the same numbers as a plain parser, also after another text', () => {
    const numbers = new NamedNumbers(NAMES);
    const check = (text: string): void => {
      const plain = NAMES.map((name) => {
        const row = text.split('\n').find((candidate) => candidate.split(/[: ]/)[0] === name);
        return row ? Number(/^\S+?:?\s+(\d+)/.exec(row)?.[1] ?? -1) : -1;
      });
      expect([...numbers.parse(textOf(text))]).toEqual(plain);
    };
    for (const name of ['recorded', 'old-kernel', 'one-cpu', 'zfs']) {
      check(readFileSync(`${fixture(name)}/proc/meminfo`, 'utf8'));
    }
    const names = [...NAMES, 'MemFree', 'Active', 'Active(anon)', 'SwapTotal', 'Mem', 'MemTotalX'];
    const lines = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.nat()), {
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(lines, (rows) =>
        check(rows.map(([name, value]) => `${name}:${String(value).padStart(12)} kB\n`).join('')),
      ),
      { numRuns: 300 },
    );
  });

  it('is a value from 0 to 100 or unknown, for arbitrary bytes', () => {
    const host = limitedHost();
    const number = fc.bigInt({ min: 0n, max: 10n ** 22n });
    const meminfo = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc
        .tuple(number, number)
        .map(([total, free]) => Buffer.from(`MemTotal: ${total} kB\nMemAvailable: ${free} kB`)),
    );
    const anyNumber = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      number.map((value) => Buffer.from(`${value}\n`)),
    );
    fc.assert(
      fc.property(meminfo, anyNumber, anyNumber, fc.nat(), (host_, limit, current, inactive) => {
        host.put('proc/meminfo', host_);
        host.put('sys/fs/cgroup/a/memory.max', limit);
        host.put('sys/fs/cgroup/a/memory.current', current);
        host.put('sys/fs/cgroup/a/memory.stat', `inactive_file ${inactive}\n`);
        const reader = createLinuxReader(host);
        const memory = reader.memory();
        reader.close();
        if (isUnknown(memory)) return;
        expect(memory.usedPercent >= 0 && memory.usedPercent <= 100).toBe(true);
        expect(memory.totalBytes > 0 && memory.availableBytes >= 0).toBe(true);
        expect(memory.availableBytes).toBeLessThanOrEqual(memory.totalBytes);
      }),
      { numRuns: 150 },
    );
  });
});

/** A host with a limit of 100 MiB on group `a`, which uses 80 MiB. */
function limitedHost(limit = String(100 * MIB)) {
  return temporaryHost({
    'proc/meminfo': 'MemTotal: 1000000 kB\nMemAvailable: 900000 kB\n',
    'proc/self/mountinfo': '24 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    'proc/self/cgroup': '0::/a\n',
    'sys/fs/cgroup/a/memory.max': `${limit}\n`,
    'sys/fs/cgroup/a/memory.current': `${90 * MIB}\n`,
    'sys/fs/cgroup/a/memory.stat': `inactive_file ${10 * MIB}\n`,
  });
}
