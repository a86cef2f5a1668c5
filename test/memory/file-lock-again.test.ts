import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileLock } from '../../src/memory/file-lock.js';
import { thisHolder } from '../../src/memory/lock-holder.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-again-'));
  path = join(folder, 'state.lock');
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});
const beat = async (): Promise<unknown> =>
  (JSON.parse(await readFile(path, 'utf8')) as { beat: unknown }).beat;

describe('a file lock', () => {
  it('that was lost can be acquired again', async () => {
    const lock = new FileLock(path);
    await lock.take();
    await rm(path);
    await expect(lock.check()).rejects.toMatchObject({ code: 'locked' });
    await lock.take();
    await lock.check();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('that was released is dead, even if its file comes back', async () => {
    const lock = new FileLock(path);
    await lock.take();
    const text = await readFile(path, 'utf8');
    await lock.release();
    await writeFile(path, text);
    const next = new FileLock(path);
    await next.take();
    await next.release();
  });

  it('is refused as locked to all but one that ask at the same time', async () => {
    const locks = Array.from({ length: 8 }, () => new FileLock(path));
    const taken = await Promise.allSettled(locks.map((lock) => lock.take()));
    const reasons = taken.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(reasons).toHaveLength(7);
    for (const reason of reasons) expect(reason).toMatchObject({ code: 'locked' });
    await Promise.all(locks.map((lock) => lock.release()));
  });

  it.each([
    ['ENOENT', 'a missing folder', () => join(folder, 'missing', 'state.lock')],
    ['ENOTDIR', 'a file', () => join(folder, 'file', 'state.lock')],
  ])('is refused with %s in %s', async (code, _where, place) => {
    await writeFile(join(folder, 'file'), '');
    await expect(new FileLock(place()).take()).rejects.toMatchObject({ code });
  });

  it('that is held is known to other copies of this library in the same thread', async () => {
    const held = (globalThis as Record<symbol, unknown>)[
      Symbol.for('@luminous-nix/self-healing/held-locks')
    ] as Map<string, unknown>;
    const lock = new FileLock(path);
    await lock.take();
    const { token } = JSON.parse(await readFile(path, 'utf8')) as { token: string };
    expect(held.has(token)).toBe(true);
    await lock.release();
    expect(held.has(token)).toBe(false);
  });

  it('leaves the draft of another one that is being acquired in this thread', async () => {
    const draft = `${path}.${crypto.randomUUID()}`;
    await writeFile(draft, JSON.stringify({ ...thisHolder(), token: 'x' }));
    const lock = new FileLock(path);
    await lock.take();
    expect(await readdir(folder)).toHaveLength(2);
    await lock.release();
  });

  it.each([
    ['respected', 4_096, 'reject'],
    ['taken over', 4_097, 'resolve'],
  ])('of a running process is %s if it has %i bytes', async (_what, size, end) => {
    // Without the number of a thread, as version 0.1 wrote it, this process is alive whether it holds the lock or not.
    const { thread: _, ...holder } = thisHolder();
    const token = (length: number): string => JSON.stringify({ ...holder, token: 'x'.repeat(length) });
    await writeFile(path, token(size - token(0).length));
    const lock = new FileLock(path);
    const taken = lock.take().then(
      () => 'resolve',
      () => 'reject',
    );
    expect(await taken).toBe(end);
    await lock.release();
  });

  it('of another machine is named so', async () => {
    const holder = { pid: 7, began: '1', bootId: 'another boot', machine: 'another', token: 'x' };
    await writeFile(path, JSON.stringify(holder));
    await expect(new FileLock(path).take()).rejects.toThrow('another engine (process 7 on another machine)');
  });
});

describe('the heartbeat of a file lock', () => {
  it('counts from 0, in 12 digits', async () => {
    const lock = new FileLock(path);
    await lock.take();
    expect(await beat()).toBe('000000000000');
    await lock.beat();
    await lock.beat();
    expect(await beat()).toBe('000000000002');
    await lock.release();
  });

  it.runIf(process.platform === 'linux')('leaves no file open', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const lock = new FileLock(path);
    await lock.take();
    const before = open();
    for (let count = 0; count < 50; count += 1) await lock.beat();
    expect(open()).toBeLessThan(before + 10);
    await lock.release();
  });

  it('is written every 10 s until the lock is released', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = new FileLock(path);
    await lock.take();
    vi.advanceTimersByTime(9_999);
    await lock.beat();
    expect(await beat()).toBe('000000000001');
    vi.advanceTimersByTime(1);
    // Heartbeats follow one another, so the one of the timer has been written.
    await lock.beat();
    expect(await beat()).toBe('000000000003');
    await lock.release();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not written any more once the lock is lost', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = new FileLock(path);
    await lock.take();
    await rm(path);
    await expect(lock.check()).rejects.toMatchObject({ code: 'locked' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends when the lock was garbage-collected', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = new FileLock(path);
    await lock.take();
    const collected = vi.spyOn(WeakRef.prototype, 'deref').mockReturnValue(undefined);
    try {
      vi.advanceTimersByTime(10_000);
    } finally {
      collected.mockRestore();
    }
    expect(vi.getTimerCount()).toBe(0);
    expect(await beat()).toBe('000000000000');
    await lock.release();
  });
});
