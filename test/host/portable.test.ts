import type { CpuInfo } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinuxReader } from '../../src/host/linux/linux-reader.js';
import {
  createPortableReader,
  type PortableFileSystem,
  type PortableMemory,
  type PortableReaderOptions,
} from '../../src/host/portable.js';
import { isUnknown, type Reading } from '../../src/model/reading.js';
import { unknownSaying } from './linux/odd-hosts.js';

function known<T>(reading: Reading<T>): T {
  if (isUnknown(reading)) throw new Error(reading.unknown);
  return reading;
}

const disk = (changes: Partial<PortableFileSystem> = {}): PortableFileSystem => ({
  fs: '/dev/disk1s1',
  type: 'APFS',
  size: 1000,
  used: 600,
  available: 200,
  mount: '/',
  rw: true,
  ...changes,
});
const memory = (changes: Partial<PortableMemory> = {}): PortableMemory => ({
  total: 1000,
  available: 250,
  active: 700,
  buffcache: 100,
  ...changes,
});
const cpu = (user: number, idle: number): CpuInfo => ({
  model: '',
  speed: 0,
  times: { user, nice: 0, sys: 0, idle, irq: 0 },
});

function portable(
  mem: PortableMemory,
  disks: readonly PortableFileSystem[] = [],
  more: PortableReaderOptions = {},
) {
  const load = async () => ({ mem: async () => mem, fsSize: async () => disks });
  return createPortableReader({ platform: 'darwin', load, ...more });
}
const mountsOf = async (...disks: PortableFileSystem[]) => known(await portable(memory(), disks).mounts());

describe('the portable reader', () => {
  it('reads CPU usage from the second reading on', () => {
    let now = 0;
    let list = [cpu(100, 100), cpu(50, 150)];
    const reader = createPortableReader({ monotonic: () => now, cpus: () => list });
    expect(reader.cpu()).toHaveProperty('unknown');
    now = 1000;
    list = [cpu(150, 100), cpu(50, 200)];
    expect(reader.cpu()).toEqual({ percent: 50, cpus: 2 });
  });

  it('returns unknown if the system lists no CPUs', () => {
    const reader = createPortableReader({ cpus: () => [], loadavg: () => [1, 2, 3], platform: 'freebsd' });
    expect(reader.cpu()).toHaveProperty('unknown');
    expect(reader.load()).toHaveProperty('unknown');
  });

  it('returns no load on Windows, where Node returns 0', () => {
    const load = (platform: NodeJS.Platform) =>
      createPortableReader({ platform, cpus: () => [cpu(1, 1)], loadavg: () => [0, 0, 0] }).load();
    expect(load('win32')).toEqual(unknownSaying('Windows'));
    expect(load('darwin')).toEqual({ one: 0, five: 0, fifteen: 0, cpus: 1 });
  });

  it('returns no pressure', () => {
    expect(createPortableReader().pressure()).toEqual(unknownSaying('Linux'));
  });

  it('returns the available memory', async () => {
    expect(await portable(memory()).memory()).toMatchObject({
      scope: 'host',
      totalBytes: 1000,
      availableBytes: 250,
      usedPercent: 75,
      reclaimableSlabBytes: unknownSaying(),
    });
  });

  it.each([
    ['no total', memory({ total: 0 })],
    ['a total that is no number', memory({ total: NaN })],
    ['free memory in the place of available memory', memory({ available: 20, active: 980, buffcache: 0 })],
    ['nothing in use', memory({ available: 1000, active: 0, buffcache: 980 })],
    ['NaN', memory({ available: NaN, buffcache: NaN })],
    ['more available than there is', memory({ available: 1001 })],
  ])('returns unknown for the fallback "%s"', async (_, mem) => {
    expect(await portable(mem).memory()).toEqual(unknownSaying());
  });

  it('accepts free memory as available on Windows', async () => {
    const mem = memory({ available: 20, active: 980, buffcache: 0 });
    expect(await portable(mem, [], { platform: 'win32' }).memory()).toMatchObject({ usedPercent: 98 });
  });

  it('returns the figures of df, without inodes', async () => {
    expect(await mountsOf(disk())).toEqual([
      {
        mountPoint: '/',
        device: '/dev/disk1s1',
        fsType: 'APFS',
        source: '/dev/disk1s1',
        space: { used: 600, available: 200, percent: 75 },
        inodes: unknownSaying(),
      },
    ]);
  });

  it('ignores read-only and pseudo file systems, and further mounts of the same', async () => {
    const mounts = await mountsOf(
      disk({ mount: '/Volumes/same' }),
      disk({ rw: false }),
      disk({ fs: '/dev/disk2', mount: '/Volumes/Installer', rw: false }),
      disk({ fs: 'devfs', type: 'devfs', mount: '/dev', rw: false }),
      disk({ fs: 'zroot/home', type: 'zfs', mount: '/home', rw: false }),
      disk({ fs: 'procfs', type: 'procfs', mount: '/proc' }),
    );
    expect(mounts.map(({ mountPoint }) => mountPoint)).toEqual(['/', '/home']);
  });

  it.each([
    ['no size', disk({ size: 0, used: 0, available: 0 })],
    ['NaN', disk({ used: NaN })],
    ['less than nothing', disk({ available: -1 })],
  ])('returns unknown for a file system with %s', async (_, item) => {
    expect((await mountsOf(item))[0]?.space).toHaveProperty('unknown');
  });

  it('returns unknown for an empty list of file systems', async () => {
    expect(await portable(memory(), []).mounts()).toHaveProperty('unknown');
  });

  it('returns unknown if systeminformation fails, hangs, or cannot be loaded', async () => {
    const fail = () => Promise.reject(new Error('not installed'));
    const broken = createPortableReader({ load: fail });
    expect(await broken.memory()).toEqual({ unknown: 'not installed' });
    expect(await broken.mounts()).toEqual({ unknown: 'not installed' });
    const hanging = createPortableReader({ load: () => new Promise(() => {}), timeoutMs: 60_000 });
    const reading = hanging.mounts();
    hanging.close();
    expect(await reading).toHaveProperty('unknown');
    const odd = portable(undefined as unknown as PortableMemory, [null as unknown as PortableFileSystem]);
    expect(await odd.memory()).toHaveProperty('unknown');
    expect(await odd.mounts()).toHaveProperty('unknown');
  });

  it('returns percentages from 0 to 100 or unknown, for any result of systeminformation', async () => {
    const amount = fc.oneof(fc.double(), fc.nat(), fc.constant(undefined as unknown as number));
    const anyMemory = fc.record({ total: amount, available: amount, active: amount, buffcache: amount });
    await fc.assert(
      fc.asyncProperty(anyMemory, amount, amount, amount, async (mem, size, used, available) => {
        const reader = portable(mem, [disk({ size, used, available })]);
        const reading = await reader.memory();
        const [mount] = known(await reader.mounts());
        const percents = [
          ...(isUnknown(reading) ? [] : [reading.usedPercent]),
          ...(isUnknown(mount!.space) ? [] : [mount!.space.percent]),
        ];
        for (const percent of percents) expect(percent >= 0 && percent <= 100).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it.skipIf(process.platform !== 'linux')('agrees with the Linux reader on this host', async () => {
    const reader = createPortableReader();
    const linux = createLinuxReader();
    const [there, here] = [known(await reader.memory()), known(linux.memory())];
    if (here.scope === 'host') {
      expect(there.totalBytes).toBe(here.totalBytes);
      expect(Math.abs(there.usedPercent - here.usedPercent)).toBeLessThan(10);
    }
    const root = known(await reader.mounts()).find(({ mountPoint }) => mountPoint === '/');
    const same = known(await linux.mounts()).find(({ mountPoint }) => mountPoint === '/');
    expect(Math.abs(known(root!.space).percent - known(same!.space).percent)).toBeLessThan(2);
    expect(known(reader.load()).cpus).toBe(known(linux.load()).cpus);
    linux.close();
    reader.close();
  });
});
