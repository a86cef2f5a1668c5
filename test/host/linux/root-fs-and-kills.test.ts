import { describe, expect, it } from 'vitest';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { fixture, temporaryHost } from './odd-hosts.js';

const MOUNTINFO = 'proc/self/mountinfo';

/** What a host says of its root file system whose table of mounts has these lines. */
function rootfs(...lines: readonly string[]) {
  const { root } = temporaryHost({ [MOUNTINFO]: lines.map((line) => `${line}\n`).join('') });
  return createLinuxReader({ root }).rootfs();
}

describe('the root file system', () => {
  it('can be written on an ordinary host', () => {
    expect(rootfs('22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro')).toEqual({
      readOnly: false,
      reason: '/ (/dev/sda1, ext4) can be written',
    });
  });

  it.each([
    ['ro,emergency_ro', 'emergency_ro'],
    ['rw,emergency_ro', 'emergency_ro'],
    ['rw,shutdown,attr2', 'shutdown'],
  ])('went read-only where the kernel lists `%s`, and the sentence has the word', (options, word) => {
    expect(rootfs(`22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 ${options}`)).toEqual({
      readOnly: true,
      reason: `/ (/dev/sda1, ext4) is read-only: the kernel gives its state as \`${word}\``,
    });
  });

  it.each([
    ['a Raspberry Pi', '22 1 179:2 / / ro,noatime - ext4 /dev/mmcblk0p2 ro'],
    ['composefs', '22 1 0:30 / / ro - overlay composefs ro,lowerdir=/run/ostree'],
    ['a data set', '22 1 0:31 / / ro - zfs rpool/ROOT ro,xattr'],
  ])(
    'did not where it was so from the first reading on, also after it was writable for a while: %s',
    (_, line) => {
      const { root, put } = temporaryHost({ [MOUNTINFO]: `${line}\n` });
      let now = 0;
      const reader = createLinuxReader({ root, monotonic: () => now });
      const read = (text: string) => {
        put(MOUNTINFO, `${text}\n`);
        now += 30_000;
        return reader.rootfs();
      };
      expect(reader.rootfs()).toMatchObject({
        readOnly: false,
        reason: expect.stringContaining('by design') as string,
      });
      expect(read(line.replace(/ ro(,\S*)?$/, ' rw'))).toMatchObject({ readOnly: false });
      expect(read(line)).toMatchObject({ readOnly: false });
      expect(read(line.replace(/ ro(,\S*)?$/, ' ro,shutdown'))).toMatchObject({ readOnly: true });
    },
  );

  it('did not where only this mount of it is read-only, as in a service with ProtectSystem=strict', () => {
    expect(rootfs('22 1 8:1 / / ro,relatime shared:1 - ext4 /dev/sda1 rw,proto=shutdown_no')).toMatchObject({
      readOnly: false,
    });
  });

  it.each(['squashfs', 'erofs', 'iso9660'])('did not where it is an image: %s', (type) => {
    expect(rootfs(`22 1 7:0 / / ro - ${type} /dev/loop0 ro`)).toEqual({
      readOnly: false,
      reason: `/ (/dev/loop0, ${type}) is an image, made to be read only`,
    });
  });

  it('is the one mounted last on /', () => {
    expect(rootfs('1 1 0:2 / / rw - rootfs none ro', '22 1 8:1 / / rw - ext4 /dev/sda1 rw')).toMatchObject({
      readOnly: false,
    });
  });

  it('is unknown where the table does not show it, or cannot be read', () => {
    expect(rootfs('22 1 8:1 / /data rw - ext4 /dev/sda1 rw')).toHaveProperty('unknown');
    expect(createLinuxReader({ root: temporaryHost().root }).rootfs()).toHaveProperty('unknown');
  });

  it('is seen to go read-only when the table is read again, and is the same answer until then', () => {
    const line = (options: string) => `22 1 8:1 / / rw - ext4 /dev/sda1 ${options}\n`;
    const { root, put } = temporaryHost({ [MOUNTINFO]: line('rw') });
    let now = 0;
    const reader = createLinuxReader({ root, monotonic: () => now });
    const first = reader.rootfs();
    put(MOUNTINFO, line('ro'));
    expect(reader.rootfs()).toBe(first);
    now = 30_000;
    expect(reader.rootfs()).toMatchObject({ readOnly: true });
  });

  it.each(['recorded', 'nixos', 'container', 'btrfs', 'one-cpu'])(
    'of the recorded host %s can be written',
    (name) => {
      expect(createLinuxReader({ root: fixture(name) }).rootfs()).toMatchObject({ readOnly: false });
    },
  );
});

describe('kills for want of memory', () => {
  it('are counted by the kernel, and read anew each time', () => {
    const { root, put } = temporaryHost({ 'proc/vmstat': 'nr_free_pages 1\noom_kill 3\noom_kill_x 9\n' });
    const reader = createLinuxReader({ root });
    expect(reader.oomKills()).toBe(3);
    put('proc/vmstat', 'nr_free_pages 100000\noom_kill 12\n');
    expect(reader.oomKills()).toBe(12);
    reader.close();
    expect(reader.oomKills()).toBe(12);
    reader.close();
  });

  const GROUPS = '1 0 8:1 / / rw - ext4 /dev/x rw\n2 1 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
  const events = (kills: number): string =>
    `low 0\nhigh 0\nmax 9\noom 9\noom_kill ${kills}\noom_group_kill 0\n`;

  it.each([
    [
      'a host: its root group has no events',
      '0::/system.slice/x.service\n',
      ['system.slice/x.service'],
      [],
      12,
    ],
    ['a container with groups of its own', '0::/\n', [''], [], 2],
    [
      'a container of systemd, as a service in it',
      '0::/system.slice/x.service\n',
      ['', 'system.slice'],
      [],
      2,
    ],
    [
      'a container that sees the groups of the machine',
      '0::/docker/abc\n',
      ['docker/abc', 'docker'],
      ['.dockerenv'],
      2,
    ],
    ['Podman, the same', '0::/libpod-9\n', ['libpod-9'], ['run/.containerenv'], 2],
    ['a container of version 1', '4:memory:/docker/abc\n', [], ['.dockerenv'], 12],
  ])('of other containers are not told as ours: %s', (_, cgroup, groups, marks, kills) => {
    const host = temporaryHost({
      'proc/vmstat': 'nr_free_pages 1\noom_kill 12\n',
      'proc/self/mountinfo': GROUPS,
      'proc/self/cgroup': cgroup,
      ...Object.fromEntries(marks.map((mark) => [mark, ''])),
      ...Object.fromEntries(
        groups.map((group, index) => [`sys/fs/cgroup/${group}/memory.events`, events(index === 0 ? 2 : 7)]),
      ),
    });
    const reader = createLinuxReader({ root: host.root });
    expect(reader.oomKills()).toBe(kills);
    reader.close();
    expect(reader.oomKills()).toBe(kills);
  });

  it('are unknown on a kernel that does not count them, and where it cannot be asked', () => {
    const { root } = temporaryHost({ 'proc/vmstat': 'nr_free_pages 1\n' });
    expect(createLinuxReader({ root }).oomKills()).toEqual({
      unknown: 'this kernel does not count kills for want of memory',
    });
    expect(createLinuxReader({ root: temporaryHost().root }).oomKills()).toMatchObject({
      unknown: expect.stringContaining('ENOENT') as string,
    });
  });
});
