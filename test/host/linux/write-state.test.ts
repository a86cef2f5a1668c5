import { mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import type { ErrorCount } from '../../../src/host/linux/error-count.js';
import { parseMountinfo } from '../../../src/host/linux/mountinfo.js';
import type { MonitoredMount } from '../../../src/host/linux/monitored-mounts.js';
import { isShutDown } from '../../../src/host/linux/file-systems.js';
import { WriteState } from '../../../src/host/linux/write-state.js';
import { isUnknown } from '../../../src/model/reading.js';
import type { WriteReading } from '../../../src/model/snapshot.js';
import { fakeStatFs, fixture, handClock, temporaryHost } from './odd-hosts.js';

const MOUNTINFO = 'proc/self/mountinfo';
const ROOT = '1 0 8:1 / / rw - ext4 /dev/sda1 rw';
const ERRORS = 'sys/fs/ext4/sdb1/errors_count';

/** A reader of a host whose table of mounts has the given lines. */
function start(files: Record<string, string> = {}) {
  const { root, put } = temporaryHost(files);
  const reader = createLinuxReader({ root, monotonic: handClock().monotonic, statfs: fakeStatFs().calls });
  /** Returns the write state of each monitored mount point. */
  const look = (...lines: readonly string[]): Record<string, WriteReading | undefined> => {
    put(MOUNTINFO, lines.map((line) => `${line}\n`).join(''));
    const mounts = reader.mounts();
    if (mounts instanceof Promise || isUnknown(mounts)) throw new Error('no mounts at once');
    return Object.fromEntries(mounts.map(({ mountPoint, writes }) => [mountPoint, writes]));
  };
  return { look, put, root };
}

const data = (options: string, type = 'ext4') => `2 1 8:17 / /data rw - ${type} /dev/sdb1 ${options}`;

describe('a writable file system', () => {
  it('is ok on an ordinary host, and named in the reason', () => {
    expect(start().look(ROOT)).toEqual({
      '/': { status: 'ok', reason: '/ (/dev/sda1, ext4) can be written' },
    });
  });

  it('is ok if only this mount is read-only, as in a service with ProtectSystem=strict', () => {
    const look = start().look('1 0 8:1 / / ro,relatime shared:1 - ext4 /dev/sda1 rw,proto=shutdown_no');
    expect(look['/']).toMatchObject({ status: 'ok' });
  });

  it.each(['recorded', 'nixos', 'container', 'btrfs', 'one-cpu'])('is / of the recorded host %s', (name) => {
    const mounts = createLinuxReader({ root: fixture(name), statfs: fakeStatFs().calls }).mounts();
    expect(mounts).toContainEqual(
      expect.objectContaining({
        mountPoint: '/',
        writes: expect.objectContaining({ status: 'ok' }) as unknown,
      }),
    );
  });
});

describe('a file system that broke', () => {
  it.each([
    ['ro,emergency_ro', 'emergency_ro'],
    ['rw,emergency_ro', 'emergency_ro'],
    ['rw,shutdown,attr2', 'shutdown'],
    ['ro,shutdown', 'shutdown'],
  ])('is bad from the first reading on if its options contain `%s`', (options, word) => {
    const reason = `/data (/dev/sdb1, xfs) is read-only: the kernel reports its state as \`${word}\``;
    expect(start().look(ROOT, data(options, 'xfs'))['/data']).toEqual({ status: 'bad', reason });
  });

  it.each(['ext4', 'xfs', 'btrfs', 'f2fs', 'tmpfs', 'vfat'])(
    'is bad where it became read-only: %s',
    (type) => {
      const { look } = start();
      expect(look(ROOT, data('rw', type))['/data']).toMatchObject({ status: 'ok' });
      for (let times = 0; times < 2; times += 1)
        expect(look(ROOT, data('ro', type))['/data']).toEqual({
          status: 'bad',
          reason: `/data (/dev/sdb1, ${type}) became read-only: it could be written at the first reading`,
        });
      expect(look(ROOT, data('rw', type))['/data']).toMatchObject({ status: 'ok' });
    },
  );

  it('is reported for / too', () => {
    const { look } = start();
    look(ROOT);
    expect(look(ROOT.replace(/rw$/, 'ro,errors=remount-ro'))['/']).toMatchObject({ status: 'bad' });
  });

  it('is bad if its ext4 errors grew, although it is writable, and ok when a check has reset them', () => {
    const { look, put } = start({ [ERRORS]: '2\n' });
    expect(look(ROOT, data('rw'))['/data']).toMatchObject({ status: 'ok' });
    put(ERRORS, '3\n');
    expect(look(ROOT, data('rw'))['/data']).toEqual({
      status: 'bad',
      reason:
        '/data (/dev/sdb1, ext4) can still be written, and the kernel has counted 3 errors in it, 2 of them before the first reading',
    });
    expect(look(ROOT, data('ro'))['/data']).toMatchObject({ status: 'bad' });
    put(ERRORS, '0\n');
    expect(look(ROOT, data('rw'))['/data']).toMatchObject({ status: 'ok' });
    put(ERRORS, '1\n');
    expect(look(ROOT, data('rw'))['/data']?.reason).toContain('has counted 1 error in it');
  });

  it('is found by the kernel’s name of its device', () => {
    const { look, put, root } = start({ 'sys/fs/ext4/dm-3/errors_count': '0\n', 'sys/dev/block/x': '' });
    mkdirSync(`${root}/sys/dev/block`, { recursive: true });
    symlinkSync('../../devices/virtual/block/dm-3', `${root}/sys/dev/block/253:3`);
    const line = '2 1 253:3 / /data rw - ext4 /dev/mapper/vg-data rw';
    look(ROOT, line);
    put('sys/fs/ext4/dm-3/errors_count', '1\n');
    expect(look(ROOT, line)['/data']).toMatchObject({ status: 'bad' });
  });

  it('is evaluated without its errors until they can be read', () => {
    const { look, put } = start();
    expect(look(ROOT, data('rw'))['/data']).toMatchObject({ status: 'ok' });
    put(ERRORS, 'many\n');
    expect(look(ROOT, data('rw'))['/data']).toMatchObject({ status: 'ok' });
  });

  it('is bad if it is read-only at the first reading, with an error since boot', () => {
    const files = { [ERRORS]: '1\n', 'sys/fs/ext4/sdb1/last_error_time': '2000\n' };
    const booted = (at: number) => ({ ...files, 'proc/stat': `cpu 1 2 3\nbtime ${at}\n` });
    expect(start(booted(1_000)).look(ROOT, data('ro'))['/data']).toMatchObject({ status: 'bad' });
    expect(start(booted(1_000)).look(ROOT, data('rw'))['/data']).toMatchObject({ status: 'ok' });
    expect(start(booted(3_000)).look(ROOT, data('ro'))).toEqual({ '/': expect.anything() as unknown });
    expect(start(files).look(ROOT, data('ro'))).not.toHaveProperty('/data');
  });
});

describe('a file system that is read-only by design', () => {
  it.each([
    ['a Raspberry Pi', '22 1 179:2 / / ro,noatime - ext4 /dev/mmcblk0p2 ro'],
    ['composefs', '22 1 0:30 / / ro - overlay composefs ro,lowerdir=/run/ostree'],
    ['a data set', '22 1 0:31 / / ro - zfs rpool/ROOT ro,xattr'],
  ])('is read-only at the first reading, also after it was writable for a while: %s', (_, line) => {
    const { look } = start();
    const set = (options: string) => look(line.replace(/ ro(,\S*)?$/, ` ${options}`))['/'];
    expect(set('ro')).toMatchObject({
      status: 'by-design',
      reason: expect.stringContaining('it was so at the first reading') as string,
    });
    expect(set('rw')).toMatchObject({ status: 'ok' });
    expect(set('ro')).toMatchObject({ status: 'by-design' });
    expect(set('ro,shutdown')).toMatchObject({ status: 'bad' });
    expect(set('ro')).toMatchObject({ status: 'by-design' });
  });

  it('is monitored only while it is writable: a /boot that a hook remounts', () => {
    const { look } = start();
    expect(look(ROOT, data('ro'))).not.toHaveProperty('/data');
    expect(look(ROOT, data('rw'))['/data']).toMatchObject({ status: 'ok' });
    expect(look(ROOT, data('ro'))).not.toHaveProperty('/data');
  });

  it.each(['squashfs', 'erofs', 'iso9660'])('is an image: %s', (type) => {
    expect(start().look(`22 1 7:0 / / ro - ${type} /dev/loop0 ro`)).toEqual({
      '/': { status: 'by-design', reason: `/ (/dev/loop0, ${type}) is an image, read-only by design` },
    });
  });

  it.each([
    ['/dev/sdb1 /data ext4 defaults,ro 0 2', false],
    ['UUID=1 /data/ ext4 ro 0 2', false],
    ['/dev/sdb1 /data ext4 rw,errors=remount-ro 0 2', true],
    ['# /dev/sdb1 /data ext4 ro 0 2', true],
    ['/dev/sdb1 /data2 ext4 ro 0 2', true],
    ['/dev/sdb1', true],
  ])('is mounted `ro` by /etc/fstab, although it was writable: %s', (line, isBad) => {
    const { look } = start({ 'etc/fstab': `# a comment\n\n${line}\n` });
    look(ROOT, data('rw'));
    const seen = look(ROOT, data('ro'));
    if (isBad) expect(seen['/data']).toMatchObject({ status: 'bad' });
    else expect(seen).not.toHaveProperty('/data');
  });

  it('is evaluated again after a remount, and for another file system on the same device number', () => {
    const { look } = start();
    look(ROOT, data('rw'));
    look(ROOT);
    expect(look(ROOT, data('ro'))).not.toHaveProperty('/data');
    look(ROOT, data('rw'));
    expect(look(ROOT, data('ro', 'xfs'))).not.toHaveProperty('/data');
  });
});

describe('an XFS that the kernel shut down', () => {
  it('is detected by its errors, without calls that may hang', () => {
    const mount = { fsType: 'xfs', path: '/data', remote: false } as MonitoredMount;
    const { root } = temporaryHost({ 'data/a-file': '' });
    expect([mount, { ...mount, path: '/gone' }].map((one) => isShutDown(one, root))).toEqual([false, false]);
    expect(isShutDown({ ...mount, path: Buffer.from('/data') }, root)).toBe(false);
    const line = Buffer.from(`${data('rw', 'xfs')}\n`);
    const entry = parseMountinfo(Buffer.from(line))[0]!;
    const state = new WriteState(entry, { errors: undefined, isReadOnlyInFstab: () => false });
    const said = [false, true, true, false].map((isShut) => {
      state.update(isShut);
      return state.current;
    });
    expect(said.map(({ status }) => status)).toEqual(['ok', 'bad', 'bad', 'ok']);
    expect(said[1]?.reason).toBe(
      '/data (/dev/sdb1, xfs) cannot be written: the kernel shut it down, and every access fails with an I/O error',
    );
  });
});

describe('the state of one file system', () => {
  const entryOf = (line: string) => {
    const bytes = Buffer.from(`${line}\n`);
    return parseMountinfo(Buffer.from(bytes))[0]!;
  };
  /** A file system whose error counter has these values in turn; `undefined` if it cannot be read. */
  const made = (options: string, ...counts: readonly (number | undefined)[]) => {
    const left = [...counts];
    let isClosed = false;
    const errors = {
      read: () => left.shift(),
      areOfThisBoot: () => true,
      close: () => void (isClosed = true),
    };
    const sources = { errors: errors as unknown as ErrorCount, isReadOnlyInFstab: () => false };
    return { state: new WriteState(entryOf(data(options)), sources), isClosed: () => isClosed };
  };

  it('is read-only by design at first without an error, though errors could be counted', () => {
    expect(made('ro', 0).state.current.status).toBe('by-design');
    expect(made('ro', 1).state.current.status).toBe('bad');
  });

  it('stays bad while the counter cannot be read again', () => {
    const { state } = made('rw', 0, 2, undefined);
    const seen = [false, false, true].map((isShutDown) => (state.update(isShutDown), state.current.status));
    state.update(false);
    expect([...seen, state.current.status]).toEqual(['bad', 'bad', 'bad', 'bad']);
  });

  it('is bad by a new error, though the counter could not be read at first', () => {
    const { state } = made('rw', undefined, undefined, 1, 2);
    state.update(true);
    state.update(false);
    expect(state.current.status).toBe('ok');
    state.update(false);
    expect(state.current.status).toBe('bad');
  });

  it('is that of the same device, type and source only', () => {
    const entry = entryOf(data('rw'));
    const { state } = made('rw');
    expect(state.is(entry)).toBe(true);
    for (const other of [{ device: '8:18' }, { fsType: 'xfs' }, { source: '/dev/sdc1' }])
      expect(state.is({ ...entry, ...other })).toBe(false);
  });

  it('closes its counter', () => {
    const { state, isClosed } = made('rw', 0);
    state.close();
    expect(isClosed()).toBe(true);
  });
});
