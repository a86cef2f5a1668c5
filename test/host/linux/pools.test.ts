import { describe, expect, it } from 'vitest';
import { SimpleDetector } from '../../../src/detect/detector.js';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import type { StatFs } from '../../../src/host/linux/usage.js';
import { isUnknown } from '../../../src/model/reading.js';
import type { MountReading } from '../../../src/model/snapshot.js';
import { fakeHost } from '../../../src/testing/index.js';
import { fakeStatFs, handClock, someStat, temporaryHost } from './odd-hosts.js';

const MOUNTINFO = 'proc/self/mountinfo';
const MIB = 1024 ** 2;

/** A file system with this usage, in MiB. */
const holding = (used: number, available: number): StatFs => ({
  ...{ bsize: MIB, blocks: used + available, bfree: available, bavail: available },
  ...{ files: 10 + available, ffree: available },
});

interface Line {
  readonly point: string;
  readonly stat: StatFs;
  readonly type?: string;
  readonly source?: string;
  readonly options?: string;
}

function start() {
  const { root, put } = temporaryHost();
  const { calls, answers } = fakeStatFs();
  const reader = createLinuxReader({ root, monotonic: handClock().monotonic, statfs: calls });
  const look = async (
    lines: readonly Line[],
    named: readonly string[] = [],
  ): Promise<readonly MountReading[]> => {
    const rows = lines.map(({ point, type = 'zfs', source = 'x', options = 'rw' }, index) => {
      const device = type === 'ext4' ? `8:${index}` : `0:${30 + index}`;
      return `${index + 2} ${point === '/' ? 1 : 2} ${device} / ${point} rw - ${type} ${source} ${options}\n`;
    });
    put(MOUNTINFO, rows.join(''));
    for (const { point, stat } of lines) answers[point] = stat;
    const mounts = await reader.mounts(undefined, named);
    if (isUnknown(mounts)) throw new Error(mounts.unknown);
    return mounts;
  };
  return { look, put };
}

const points = (mounts: readonly MountReading[]): string[] => mounts.map(({ mountPoint }) => mountPoint);
const ROOT: Line = { point: '/', type: 'ext4', source: '/dev/sda1', stat: holding(10, 90) };
/** Data sets of one pool, with this usage each. */
const tank = (count: number, used: number, available: number): Line[] =>
  Array.from({ length: count }, (_, index) => ({
    point: `/tank/set${index}`,
    source: `tank/set${index}`,
    stat: holding(used, available),
  }));

describe('a pool of ZFS', () => {
  it('is one file system with the usage of all its data sets, so that a full pool is one issue', async () => {
    const mounts = await start().look([
      ROOT,
      { point: '/tank', source: 'tank', stat: holding(0, 20) },
      ...tank(50, 20, 20),
    ]);
    expect(points(mounts)).toEqual(['/', '/tank']);
    expect(mounts[1]).toMatchObject({
      space: { used: 1000 * MIB, available: 20 * MIB, percent: 100_000 / 1020 },
      inodes: { unknown: expect.stringContaining('no fixed number') as string },
    });
    const detector = new SimpleDetector({ host: fakeHost({ mounts }), enabledChecks: ['disk'] });
    expect((await detector.detectIssues()).map(({ component }) => component)).toEqual(['disk:/tank']);
  });

  it('is full even if no data set is full by its own figures', async () => {
    const mounts = await start().look([ROOT, ...tank(50, 20, 20)]);
    expect(mounts[1]).toMatchObject({ mountPoint: '/tank/set0', space: { percent: 100_000 / 1020 } });
  });

  it('is reported as / if that is one of its data sets', async () => {
    const root: Line = { point: '/', source: 'rpool/ROOT/nixos', stat: holding(10, 90) };
    const mounts = await start().look([
      root,
      { point: '/nix', source: 'rpool/nix', stat: holding(50, 90) },
      { point: '/boot', source: 'bpool/BOOT', stat: holding(1, 9) },
    ]);
    expect(points(mounts)).toEqual(['/', '/boot']);
    expect(mounts[0]).toMatchObject({ space: { used: 60 * MIB, available: 90 * MIB } });
  });

  it('keeps its mount point while that data set is mounted', async () => {
    const { look } = start();
    const [a, b] = tank(2, 20, 20) as [Line, Line];
    const top: Line = { point: '/tank', source: 'tank', stat: holding(0, 20) };
    expect(points(await look([ROOT, b]))).toEqual(['/', '/tank/set1']);
    expect(points(await look([ROOT, a, b]))).toEqual(['/', '/tank/set1']);
    expect(points(await look([ROOT, top, a, b]))).toEqual(['/', '/tank/set1']);
    expect(points(await look([ROOT, top, a]))).toEqual(['/', '/tank']);
  });

  it('is reported beside its data sets with a quota, but not those with a reservation', async () => {
    const quota: Line = { point: '/tank/quota', source: 'tank/quota', stat: holding(99, 1) };
    const reserved: Line = { point: '/tank/reserved', source: 'tank/reserved', stat: holding(1, 900) };
    const mounts = await start().look([ROOT, ...tank(5, 20, 500), quota, reserved]);
    expect(
      mounts.map(({ mountPoint, space }) => [mountPoint, !isUnknown(space) && space.available / MIB]),
    ).toEqual([
      ['/', 90],
      ['/tank/quota', 1],
      ['/tank/set0', 500],
    ]);
  });

  it('reports a broken data set, and ignores one that cannot be read', async () => {
    const { look } = start();
    const lines = tank(3, 20, 20);
    await look([ROOT, ...lines]);
    const mounts = await look([ROOT, lines[0]!, { ...lines[1]!, options: 'ro' }, lines[2]!]);
    expect(mounts[1]?.writes).toMatchObject({
      status: 'bad',
      reason: '/tank/set1 (tank/set1, zfs) became read-only: it could be written at the first reading',
    });
  });

  it('is reported beside a data set that is named', async () => {
    const mounts = await start().look([ROOT, ...tank(3, 20, 20)], ['/tank/set2']);
    expect(points(mounts)).toEqual(['/', '/tank/set0', '/tank/set2']);
    expect(mounts.map(({ space }) => !isUnknown(space) && space.used / MIB)).toEqual([10, 60, 20]);
  });
});

describe('one disk', () => {
  it.each([
    ['WSL2', '9p', 'drvfs', 'C:\\134'],
    ['bindfs', 'fuse.bindfs', 'fuse.bindfs', '/srv'],
  ])('is reported once, however it is mounted: %s', async (_, first, second, source) => {
    const stat = holding(500, 100);
    const { look } = start();
    const lines: Line[] = [
      ROOT,
      { point: '/mnt/c', type: first, source, stat },
      { point: '/usr/lib/wsl', type: second, source: 'none', stat: { ...stat, files: 999, ffree: 5 } },
      { point: '/mnt/d', type: first, source: 'D:', stat: holding(500, 200) },
    ];
    expect(points(await look(lines))).toEqual(['/', '/mnt/c', '/mnt/d']);
    expect(points(await look(lines, ['/usr/lib/wsl']))).toEqual(['/', '/mnt/c', '/mnt/d', '/usr/lib/wsl']);
  });

  it('shown again by bindfs is reported once, and mergerfs by its branches', async () => {
    const mounts = await start().look([
      ROOT,
      { point: '/mnt/a', type: 'ext4', source: '/dev/sdb1', stat: holding(95, 5) },
      { point: '/a', type: 'fuse.bindfs', source: '/mnt/a', stat: holding(95, 5) },
      { point: '/pool', type: 'fuse.mergerfs', source: 'a:b', stat: holding(190, 10) },
    ]);
    expect(points(mounts)).toEqual(['/', '/mnt/a']);
  });

  it('of a server is reported separately, whatever its figures', async () => {
    const mounts = await start().look([
      ROOT,
      { point: '/nfs', type: 'nfs4', source: 'a:/', stat: holding(10, 90) },
      { point: '/ssh', type: 'fuse.sshfs', source: 'b:/', stat: holding(10, 90) },
    ]);
    expect(points(mounts)).toEqual(['/', '/nfs', '/ssh']);
  });
});

describe('metadata of btrfs', () => {
  const GIB = 1024 ** 3;
  /** A btrfs of 10 GiB, allocated except for `free`, with 1 GiB of metadata (`DUP`). */
  const chunks = (used: number, free: number): Record<string, string> => ({
    'features/x': '0',
    'u-1/devices/sda2/size': String((10 * GIB) / 512),
    'u-1/allocation/metadata/total_bytes': String(GIB),
    'u-1/allocation/metadata/disk_total': String(2 * GIB),
    'u-1/allocation/metadata/bytes_used': String(Math.round(used)),
    'u-1/allocation/global_rsv_size': String(GIB / 16),
    'u-1/allocation/data/disk_total': `${8 * GIB - free}\n`,
    'u-1/allocation/system/disk_total': '0',
  });
  const find = async (
    files: Record<string, string>,
    source = '/dev/sda2',
  ): Promise<MountReading | undefined> => {
    const { look, put } = start();
    for (const [name, text] of Object.entries(files)) put(`sys/fs/btrfs/${name}`, text);
    const mounts = await look([ROOT, { point: '/data', type: 'btrfs', source, stat: someStat() }]);
    return mounts.find(({ mountPoint }) => mountPoint === '/data');
  };

  it('is full if no chunk can be allocated, with the reserve counted as used', async () => {
    expect((await find(chunks(0.9 * GIB, 0)))?.metadata?.percent).toBeCloseTo(96.25, 6);
  });

  it('is not full if the device has space for more chunks', async () => {
    expect((await find(chunks(0.9 * GIB, 4 * GIB)))?.metadata?.percent).toBeCloseTo(96.25 / 3, 6);
  });

  it.each([
    ['another device', chunks(GIB, 0), '/dev/sdz'],
    ['no figures', { 'u-1/devices/sda2/size': '1' }, '/dev/sda2'],
    ['nonsense', { ...chunks(GIB, 0), 'u-1/allocation/data/disk_total': '-5' }, '/dev/sda2'],
    ['no btrfs in /sys', {}, '/dev/sda2'],
  ])('is left out if unknown: %s', async (_, files, source) => {
    const found = await find(files, source);
    expect(found).toBeDefined();
    expect(found).not.toHaveProperty('metadata');
  });

  it('is part of `disk`, which reports the fuller of the two and names it', async () => {
    const judge = async (metadata: number, used: number) => {
      const usage = (percent: number) => ({ used: percent * MIB, available: (100 - percent) * MIB, percent });
      const mount = (await find(chunks(0, 0)))!;
      const mounts = [{ ...mount, space: usage(used), metadata: usage(metadata) }];
      const detector = new SimpleDetector({ host: fakeHost({ mounts }), enabledChecks: ['disk'] });
      return (await detector.inspect()).find(({ component }) => component === 'disk:/data');
    };
    expect(await judge(97, 54.5)).toMatchObject({
      ...{ status: 'bad', severity: 4, value: 97, clearsAt: 85 },
      reason: 'Metadata of /data is 97.0 % full, 3.0 MiB left, threshold 90.0 %',
    });
    expect(await judge(97, 99)).toMatchObject({
      value: 99,
      reason: expect.stringMatching(/^\/data is/) as string,
    });
    expect(await judge(54, 55)).toMatchObject({ status: 'ok', value: 55 });
  });
});
