import { describe, expect, it } from 'vitest';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { temporaryHost } from './odd-hosts.js';

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
