import { describe, expect, it } from 'vitest';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { createScratch } from '../../../src/host/linux/kept-file.js';
import type { MountTable } from '../../../src/host/linux/mount-table.js';
import { OomKills } from '../../../src/host/linux/oom-kills.js';
import { temporaryHost } from './odd-hosts.js';

describe('out-of-memory kills', () => {
  it('are counted by the kernel, and read each time', () => {
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
    ['a container with its own groups', '0::/\n', [''], [], 2],
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
    ['a container of systemd, the same', '0::/machine/x\n', ['machine/x'], ['run/systemd/container'], 2],
    ['a container of version 1', '4:memory:/docker/abc\n', [], ['.dockerenv'], 12],
  ])('of other containers are not included: %s', (_, cgroup, groups, marks, kills) => {
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

  describe('in a long file', () => {
    const BUFFER = createScratch().bytes.length;
    const NO_GROUPS = { entries: [], version: 1 } as unknown as MountTable;

    /** Reads this text, and returns the kills and how much the buffer has grown. */
    function read(text: string) {
      const { root } = temporaryHost({ 'proc/vmstat': text });
      const scratch = createScratch();
      const kills = new OomKills(root, scratch);
      const count = kills.read(NO_GROUPS);
      kills.close();
      return { count, times: scratch.bytes.length / BUFFER };
    }
    /** Seven bytes, so that the buffer ends with a line. */
    const filler = 'nr_x 1\n'.repeat(5_000);

    it('are found in its first part, and the rest is not read', () => {
      expect(read(`oom_kill 5\n${filler}`)).toEqual({ count: 5, times: 1 });
    });

    it('are found at its end', () => {
      expect(read(`${filler}oom_kill 6\n`)).toEqual({ count: 6, times: 4 });
    });

    it('are not cut off where a part of it ends within their number', () => {
      const first = `pad ${'1'.repeat(BUFFER - 'pad '.length - '\noom_kill 12'.length)}\n`;
      expect(read(`${first}oom_kill 1234\n${filler}`).count).toBe(1234);
    });
  });

  it('may be none, or a single one', () => {
    for (const kills of [0, 1]) {
      const { root } = temporaryHost({ 'proc/vmstat': `nr_free_pages 1\noom_kill ${kills}\n` });
      expect(createLinuxReader({ root }).oomKills()).toBe(kills);
    }
    const { root } = temporaryHost({ 'proc/vmstat': '' });
    expect(createLinuxReader({ root }).oomKills()).toEqual({
      unknown: 'this kernel does not count out-of-memory kills',
    });
  });

  it('are those of the machine again if its container is no longer one', () => {
    const host = temporaryHost({
      'proc/vmstat': 'oom_kill 12\n',
      'proc/self/mountinfo': GROUPS,
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/memory.events': events(2),
    });
    const reader = createLinuxReader({ root: host.root });
    expect(reader.oomKills()).toBe(2);
    host.remove('sys/fs/cgroup/memory.events');
    reader.close();
    expect(reader.oomKills()).toBe(12);
    reader.close();
  });

  it('are unknown on a kernel that does not count them, and if the file cannot be read', () => {
    const { root } = temporaryHost({ 'proc/vmstat': 'nr_free_pages 1\n' });
    expect(createLinuxReader({ root }).oomKills()).toEqual({
      unknown: 'this kernel does not count out-of-memory kills',
    });
    expect(createLinuxReader({ root: temporaryHost().root }).oomKills()).toMatchObject({
      unknown: expect.stringContaining('ENOENT') as string,
    });
  });
});
