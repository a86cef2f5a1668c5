import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { parseMountinfo, type MountinfoEntry } from '../../../src/host/linux/mountinfo.js';
import { monitoredMounts } from '../../../src/host/linux/monitored-mounts.js';
import { inodesOf, spaceOf } from '../../../src/host/linux/usage.js';
import { WriteState } from '../../../src/host/linux/write-state.js';
import { isUnknown, type Reading } from '../../../src/model/reading.js';
import type { MountReading } from '../../../src/model/snapshot.js';
import {
  fakeStatFs,
  fixture,
  handClock,
  someStat,
  systemError,
  temporaryHost,
  unknownSaying,
} from './odd-hosts.js';

const entriesOf = (text: string) => parseMountinfo(Buffer.from(text));
/** Selects the mounts of a first reading. */
const monitored = (entries: readonly MountinfoEntry[]) =>
  monitoredMounts(entries, {
    writesOf: (entry) => new WriteState(entry, { errors: undefined, isReadOnlyInFstab: () => false }),
    named: new Set(),
    before: new Map(),
  });
const counted = (name: string) =>
  monitored(entriesOf(readFileSync(`${fixture(name)}/proc/self/mountinfo`, 'utf8')));
const points = (name: string) => counted(name).map(({ mountPoint }) => mountPoint);

/** The synchronous reading of a host without remote mounts. */
function atOnce(reading: Reading<readonly MountReading[]> | Promise<unknown>): readonly MountReading[] {
  if (reading instanceof Promise) throw new Error('a promise, without a remote mount');
  if (isUnknown(reading)) throw new Error(reading.unknown);
  return reading;
}

describe('the monitored mounts', () => {
  it('are /, tmpfs and /run on an ordinary host, and none below /run and /dev', () => {
    expect(points('one-cpu')).toEqual(['/', '/run', '/tmp']);
    expect(points('recorded')).toEqual(['/']);
  });

  it('are the overlay on / and the file systems below it in a container, each once', () => {
    expect(points('container')).toEqual(['/', '/data']);
  });

  it('are one of each btrfs: preferably /, otherwise the whole file system', () => {
    expect(counted('btrfs').map(({ mountPoint, device }) => [mountPoint, device])).toEqual([
      ['/', '0:26'],
      ['/boot/efi', '259:1'],
      ['/mnt/whole-of-sdb', '0:45'],
    ]);
  });

  it('are those of a NixOS service in a strict sandbox, although every mount is read-only', () => {
    expect(points('nixos')).toEqual(['/', '/boot', '/run']);
  });

  it.each([
    ['/var/lib/docker/overlay2/4f/merged', false],
    ['/var/lib/docker/containers/4f/mounts/shm', false],
    ['/var/lib/docker', true],
    ['/var/lib/containers/storage/overlay-containers/4f/userdata/shm', false],
    ['/home/ann/.local/share/containers/storage/overlay/4f', false],
    ['/run/containerd/io.containerd.runtime.v2.task/k8s.io/4f/rootfs', false],
    ['/var/lib/kubelet/pods/4f/volumes/kubernetes.io~projected/token', false],
    ['/var/lib/kubelet', true],
    ['/run/credentials/systemd-resolved.service', false],
    ['/run/user/1000/doc', false],
    ['/srv/docker/data', true],
    ['/var/lib/postgresql', true],
  ])('include %s: %s', (mountPoint, counts) => {
    const line = (id: number, point: string, device: string) =>
      `${id} 1 ${device} / ${point} rw - ext4 /dev/sdb${id} rw\n`;
    const host = temporaryHost({
      'proc/self/mountinfo': `1 0 8:1 / / rw - ext4 /dev/sda1 rw\n${line(2, mountPoint, '8:2')}`,
    });
    const reader = createLinuxReader({ root: host.root, statfs: fakeStatFs().calls });
    const found = atOnce(reader.mounts()).map((mount) => mount.mountPoint);
    expect(found).toEqual(counts ? ['/', mountPoint] : ['/']);
  });

  it('exclude images, portals, automount points, and hidden mounts', () => {
    expect(counted('desktop').map(({ mountPoint, fsType }) => `${mountPoint} ${fsType}`)).toEqual([
      '/ ext4',
      '/a ext4',
      '/media/ann/My Disk\\one\tä ext4',
      '/odd newpseudofs',
      '/old xfs',
      '/secret ext4',
    ]);
  });

  it('exclude file systems that are read-only by design, except /, and include broken ones', () => {
    const found = (point: string, options: string) =>
      monitored(
        entriesOf(`1 0 8:1 / / rw - ext4 x rw\n2 1 8:2 / ${point} rw - ext4 /dev/sda1 ${options}\n`),
      ).map(({ mountPoint, skipReason }) => [mountPoint, skipReason !== undefined]);
    expect(found('/data', 'ro')).toEqual([['/', false]]);
    expect(found('/data', 'errors=x,ro')).toEqual([['/', false]]);
    for (const options of ['rw,emergency_ro', 'ro,emergency_ro', 'rw,shutdown', 'rw,errors=remount-ro'])
      expect(found('/data', options)).toEqual([
        ['/', false],
        ['/data', false],
      ]);
    expect(found('/', 'ro')).toEqual([['/', true]]);
  });

  it('include / in a chroot whose table does not contain it', () => {
    const mounts = monitored(entriesOf('5 4 0:20 / /proc rw - proc proc rw\n'));
    expect(mounts).toMatchObject([{ mountPoint: '/', fsType: 'unknown' }]);
  });

  it('keep the bytes of a name that is not UTF-8 for the system call', () => {
    const line = Buffer.concat([
      Buffer.from('5 4 8:9 / /m'),
      Buffer.from([0xff]),
      Buffer.from(' rw - ext4 /dev/x rw\n'),
    ]);
    const [mount] = monitored(parseMountinfo(Buffer.from(line))).slice(1);
    expect(mount?.path).toEqual(Buffer.from([0x2f, 0x6d, 0xff]));
  });

  it('treat a local file system on top of a remote one as remote', () => {
    expect(counted('nfs').map(({ mountPoint, remote }) => [mountPoint, remote])).toEqual([
      ['/', false],
      ['/mnt/nfs', true],
      ['/mnt/nfs/local', true],
      ['/mnt/sshfs', true],
    ]);
  });

  it.each([
    ['ext4 on a disk', ['2 1 8:2 / /data rw - ext4 /dev/sdb rw'], false],
    [
      'ext4 under autofs',
      ['2 1 0:40 / /data rw - autofs systemd-1 rw', '3 2 8:2 / /data rw - ext4 /dev/sdb rw'],
      true,
    ],
    [
      'ext4 below an autofs folder',
      ['2 1 0:40 / /net rw - autofs auto.net rw', '3 2 8:2 / /net/data rw - ext4 /dev/sdb rw'],
      true,
    ],
    ['something without a block device', ['2 1 0:41 / /data rw - orangutanfs none rw'], true],
    ['btrfs', ['2 1 0:42 / /data rw - btrfs /dev/sdb rw'], false],
    ['tmpfs', ['2 1 0:43 / /data rw - tmpfs tmpfs rw'], false],
  ])('%s is read in a child process: %j %s', (_, lines, isSlow) => {
    const root = '1 0 8:1 / / rw - ext4 /dev/sda1 rw';
    const text = Buffer.from([root, ...lines].join('\n'));
    const found = monitored(parseMountinfo(Buffer.from(text)));
    expect(found.filter(({ mountPoint }) => mountPoint !== '/').map(({ remote }) => remote)).toEqual([
      isSlow,
    ]);
  });

  it('are parsed from arbitrary bytes without an exception', () => {
    const field = fc.constantFrom(
      '1',
      '2',
      '8:1',
      '0:5',
      '/',
      '/a',
      '/a/b',
      '/a\\040b',
      'rw',
      'ro',
      '-',
      'nfs',
      '',
    );
    const text = fc
      .array(fc.array(field, { maxLength: 14 }), { maxLength: 8 })
      .map((lines) => Buffer.from(lines.map((line) => line.join(' ')).join('\n')));
    const line = fc
      .tuple(fc.nat(9), fc.nat(9), fc.integer({ min: 1, max: 4 }), fc.constantFrom('/', '/a', '/a/b', '/c'))
      .map(([id, parent, minor, point]) => `${id} ${parent} 0:${minor} / ${point} rw - ext4 x rw`);
    const table = fc.array(line, { maxLength: 12 }).map((lines) => Buffer.from(lines.join('\n')));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), text, table), (bytes) => {
        const mounts = monitored(parseMountinfo(Buffer.from(bytes)));
        const devices = mounts.map(({ device }) => device);
        expect(new Set(devices).size).toBe(devices.length);
        for (const { mountPoint } of mounts) expect(mountPoint.startsWith('/')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('are the same as from a plain parser', () => {
    for (const name of ['recorded', 'btrfs', 'container', 'desktop', 'nixos', 'nfs', 'zfs']) {
      const text = readFileSync(`${fixture(name)}/proc/self/mountinfo`, 'utf8');
      const plain = text
        .trim()
        .split('\n')
        .map((line) => {
          const match = /^(\d+) (\d+) (\S+) (\S+) (\S+) \S+ (?:\S+ )*?- (\S+) (\S*) (\S+)$/.exec(line)!;
          const [, id, parent, device, root, point, fsType, source, superOptions] =
            match as unknown as string[];
          const bytes = point!.replace(
            /\\(\d{3})/g,
            (_, octal: string) => `%${parseInt(octal, 8).toString(16).padStart(2, '0')}`,
          );
          const mountPoint = decodeURIComponent(bytes);
          return {
            id: Number(id),
            parent: Number(parent),
            device,
            root,
            mountPoint,
            fsType,
            source,
            superOptions,
          };
        });
      expect(entriesOf(text)).toEqual(plain);
    }
  });
});

describe('the usage of a file system', () => {
  it('is the same as in df: blocks reserved for root are neither used nor available', () => {
    expect(spaceOf(someStat())).toEqual({ used: 60 * 4096, available: 920 * 4096, percent: 6000 / 980 });
    expect(inodesOf(someStat())).toEqual({ used: 25, available: 75, percent: 25 });
  });

  it('is 100 % if only root can still write', () => {
    expect(spaceOf(someStat({ bfree: 20, bavail: 0 }))).toMatchObject({ available: 0, percent: 100 });
    expect(spaceOf(someStat({ bfree: 20, bavail: 2 ** 64 - 5 }))).toMatchObject({
      available: 0,
      percent: 100,
    });
  });

  it('is counted in fragments if they differ from blocks', () => {
    expect(spaceOf(someStat({ bsize: 1024 * 1024, frsize: 512 }))).toMatchObject({ used: 60 * 512 });
  });

  it('is unknown for inodes without a fixed number, and for invalid figures', () => {
    expect(inodesOf(someStat({ files: 0, ffree: 0 }))).toEqual(unknownSaying('inodes'));
    expect(spaceOf(someStat({ bfree: 2000 }))).toHaveProperty('unknown');
    expect(spaceOf(someStat({ blocks: 0, bfree: 0, bavail: 0 }))).toHaveProperty('unknown');
  });

  it('is from 0 to 100 % or unknown, for any result of statfs', () => {
    const number = fc.oneof(fc.double(), fc.nat(), fc.constantFrom(2 ** 64, 2 ** 53 + 2, 0));
    const stats = fc.record({
      bsize: number,
      blocks: number,
      bfree: number,
      bavail: number,
      files: number,
      ffree: number,
    });
    fc.assert(
      fc.property(stats, (stat) => {
        for (const usage of [spaceOf(stat), inodesOf(stat)]) {
          if (isUnknown(usage)) continue;
          expect(usage.percent >= 0 && usage.percent <= 100).toBe(true);
          expect(usage.used >= 0 && usage.available >= 0).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('reading the mounts', () => {
  it('is synchronous without a remote mount', () => {
    const { calls, askedAsync } = fakeStatFs();
    const mounts = atOnce(createLinuxReader({ root: fixture('btrfs'), statfs: calls }).mounts());
    expect(mounts[0]).toEqual({
      mountPoint: '/',
      device: '0:26',
      fsType: 'btrfs',
      source: '/dev/nvme0n1p2',
      space: { used: 60 * 4096, available: 920 * 4096, percent: 6000 / 980 },
      inodes: { used: 25, available: 75, percent: 25 },
      writes: { status: 'ok', reason: '/ (/dev/nvme0n1p2, btrfs) can be written' },
    });
    expect(askedAsync).toEqual([]);
  });

  it('returns the reason for an unknown mount, and reads the others', () => {
    const { calls } = fakeStatFs({
      '/secret': systemError('EACCES', '/secret'),
      '/odd': someStat({ blocks: 0, bfree: 0, bavail: 0 }),
    });
    const mounts = atOnce(createLinuxReader({ root: fixture('desktop'), statfs: calls }).mounts());
    const secret = mounts.find(({ mountPoint }) => mountPoint === '/secret');
    expect(secret?.space).toEqual(unknownSaying('EACCES'));
    expect(secret?.inodes).toEqual(secret?.space);
    expect(mounts.filter(({ space }) => !isUnknown(space))).toHaveLength(4);
    expect(mounts.some(({ mountPoint }) => mountPoint === '/odd')).toBe(false);
  });

  it('reads the file systems each time, and returns a new list each time', () => {
    const { calls, asked, answers } = fakeStatFs();
    const reader = createLinuxReader({ root: fixture('one-cpu'), statfs: calls });
    const first = atOnce(reader.mounts());
    expect(atOnce(reader.mounts())).toEqual(first);
    expect(asked).toEqual(['/', '/run', '/tmp', '/', '/run', '/tmp']);
    answers['/tmp'] = someStat({ bfree: 0, bavail: 0 });
    const second = atOnce(reader.mounts());
    expect(second[0]).toEqual(first[0]);
    expect(second[2]).toMatchObject({ mountPoint: '/tmp', space: { percent: 100 } });
    expect(first[2]).toMatchObject({ space: { percent: 6000 / 980 } });
  });

  it('finds a new mount, and drops an unmounted one, at the next reading', () => {
    const row = (id: number, point: string) => `${id} 1 8:${id} / ${point} rw - ext4 /dev/x rw\n`;
    const host = temporaryHost({ 'proc/self/mountinfo': row(1, '/') });
    const reader = createLinuxReader({
      ...host,
      monotonic: handClock().monotonic,
      statfs: fakeStatFs().calls,
    });
    const points = () => atOnce(reader.mounts()).map(({ mountPoint }) => mountPoint);
    expect(points()).toEqual(['/']);
    host.put('proc/self/mountinfo', row(1, '/') + row(2, '/new'));
    expect(points()).toEqual(['/', '/new']);
    host.put('proc/self/mountinfo', row(1, '/'));
    expect(points()).toEqual(['/']);
  });

  it.each([
    ['one of an ordinary host, which is read again after a millisecond', 0, 1],
    ['a large one, which is used for 20 times as long as it took', 1_000, 200],
  ])('shares a reading of the table between readings in quick succession: %s', (_, more, ms) => {
    const row = (id: number, point: string) => `${id} 1 8:${id} / ${point} rw - ext4 /dev/x rw\n`;
    const pseudo = Array.from(
      { length: more },
      (_, id) => `${id + 9} 1 0:${id} / /p${id} rw - proc ${'x'.repeat(80)} rw\n`,
    );
    const table = row(1, '/') + pseudo.join('');
    const host = temporaryHost({ 'proc/self/mountinfo': table });
    const clock = handClock();
    let reading = 0;
    const monotonic = () => clock.forward(reading);
    const reader = createLinuxReader({ ...host, monotonic, statfs: fakeStatFs().calls });
    reading = 10;
    expect(atOnce(reader.mounts())).toHaveLength(1);
    reading = 0;
    host.put('proc/self/mountinfo', table + row(2, '/new'));
    clock.forward(ms - 0.5);
    expect(atOnce(reader.mounts())).toHaveLength(1);
    clock.forward(0.5);
    expect(atOnce(reader.mounts())).toHaveLength(2);
  });

  it('reads named mount points whatever is mounted there, but never an automount point', () => {
    const lines = [
      '1 0 8:1 / / rw - ext4 /dev/sda1 rw',
      '2 1 8:1 /srv /srv rw - ext4 /dev/sda1 rw',
      '3 1 7:0 / /mnt/iso ro - iso9660 /dev/loop0 ro',
      '4 1 0:40 / /run/mine rw - tmpfs tmpfs rw',
      '5 1 0:41 / /auto rw - autofs systemd-1 rw',
      '6 1 8:2 / /read ro - ext4 /dev/sda2 ro',
    ];
    const host = temporaryHost({ 'proc/self/mountinfo': `${lines.join('\n')}\n` });
    const { calls, asked, askedAsync } = fakeStatFs();
    const reader = createLinuxReader({ ...host, statfs: calls });
    const points = (...named: string[]) =>
      atOnce(reader.mounts(undefined, named)).map(({ mountPoint }) => mountPoint);
    expect(points()).toEqual(['/']);
    const named = ['/srv', '/mnt/iso', '/run/mine', '/auto', '/read', '/none', '/srv/x'];
    asked.length = 0;
    expect(points(...named)).toEqual(['/', '/auto', '/mnt/iso', '/read', '/run/mine', '/srv']);
    expect([...asked, ...askedAsync]).toEqual(['/', '/mnt/iso', '/read', '/run/mine', '/srv']);
    const found = atOnce(reader.mounts());
    expect(found.find(({ mountPoint }) => mountPoint === '/auto')?.space).toEqual(unknownSaying('on demand'));
    expect(found.filter(({ writes }) => writes === undefined).map(({ mountPoint }) => mountPoint)).toEqual([
      '/auto',
      '/srv',
    ]);
  });

  it('keeps the mount point of a file system while it is mounted there, and prefers /', () => {
    const row = (id: number, root: string, point: string) =>
      `${id} 1 0:26 ${root} ${point} rw - btrfs /dev/sda1 rw\n`;
    const root = '1 0 8:1 / / rw - ext4 /dev/sda1 rw\n';
    const host = temporaryHost({ 'proc/self/mountinfo': root + row(2, '/@home', '/home') });
    const reader = createLinuxReader({
      ...host,
      monotonic: handClock().monotonic,
      statfs: fakeStatFs().calls,
    });
    const points = (text: string) => {
      host.put('proc/self/mountinfo', text);
      return atOnce(reader.mounts()).map(({ mountPoint }) => mountPoint);
    };
    expect(points(root + row(2, '/@home', '/home'))).toEqual(['/', '/home']);
    expect(points(root + row(2, '/@home', '/home') + row(3, '/', '/mnt'))).toEqual(['/', '/home']);
    expect(points(root + row(3, '/', '/mnt'))).toEqual(['/', '/mnt']);
    expect(points(row(4, '/@', '/') + row(3, '/', '/mnt'))).toEqual(['/']);
  });

  it('reads the table again at once if a mount point no longer exists', () => {
    const row = (id: number, point: string) => `${id} 1 8:${id} / ${point} rw - ext4 /dev/x rw\n`;
    const host = temporaryHost({ 'proc/self/mountinfo': row(1, '/') + row(2, '/usb') });
    const { calls, answers } = fakeStatFs();
    const reader = createLinuxReader({ ...host, statfs: calls });
    expect(atOnce(reader.mounts())).toHaveLength(2);
    host.put('proc/self/mountinfo', row(1, '/'));
    answers['/usb'] = systemError('ENOENT', '/usb');
    expect(atOnce(reader.mounts()).map(({ mountPoint }) => mountPoint)).toEqual(['/']);
  });

  it('is unknown as a whole while the table cannot be read', () => {
    const host = temporaryHost();
    const reader = createLinuxReader({ ...host, statfs: fakeStatFs().calls });
    expect(reader.mounts()).toEqual(unknownSaying('ENOENT'));
    host.put('proc/self/mountinfo', 'nonsense\n');
    expect(reader.mounts()).toEqual(unknownSaying('could not be parsed'));
    host.put('proc/self/mountinfo', '1 0 8:1 / / rw - ext4 /dev/x rw\n');
    expect(atOnce(reader.mounts())).toHaveLength(1);
  });
});
