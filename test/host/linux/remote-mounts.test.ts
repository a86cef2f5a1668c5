import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { SlowCalls } from '../../../src/host/linux/slow-calls.js';
import { isUnknown } from '../../../src/model/reading.js';
import type { MountReading } from '../../../src/model/snapshot.js';
import type { StatFs } from '../../../src/host/linux/usage.js';
import { fakeStatFs, fixture, someStat, systemError, unknownSaying } from './odd-hosts.js';

const never = new Promise<StatFs>(() => {});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function nfsHost(answers: Parameters<typeof fakeStatFs>[0] = {}, remoteTimeoutMs = 2000) {
  const fake = fakeStatFs(answers);
  const reader = createLinuxReader({ root: fixture('nfs'), statfs: fake.calls, remoteTimeoutMs });
  const mounts = async (signal?: AbortSignal): Promise<Record<string, MountReading['space']>> => {
    const reading = await reader.mounts(signal);
    if (isUnknown(reading)) throw new Error(reading.unknown);
    return Object.fromEntries(reading.map(({ mountPoint, space }) => [mountPoint, space]));
  };
  return { ...fake, reader, mounts };
}

describe('a remote file system', () => {
  it('is read in a child process, with the same result as a local one', async () => {
    const { mounts, asked, askedAsync } = nfsHost();
    expect(await mounts()).toMatchObject({ '/mnt/nfs': { used: 60 * 4096 }, '/': { used: 60 * 4096 } });
    expect(asked).toEqual(['/']);
    expect(askedAsync).toEqual(['/mnt/nfs', '/mnt/nfs/local', '/mnt/sshfs']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that hangs is unknown after the timeout, and does not delay later cycles', async () => {
    const { mounts, askedAsync } = nfsHost({ '/mnt/nfs': never });
    const first = mounts();
    await vi.advanceTimersByTimeAsync(1999);
    await vi.advanceTimersByTimeAsync(1);
    expect(await first).toMatchObject({
      '/': { used: 60 * 4096 },
      '/mnt/nfs': { unknown: '/mnt/nfs did not answer within 2 s' },
      '/mnt/sshfs': { used: 60 * 4096 },
    });
    expect(await mounts()).toMatchObject({ '/mnt/nfs': unknownSaying('within 2 s') });
    expect(askedAsync.filter((path) => path === '/mnt/nfs')).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is read again a minute after the last call, healthy or late, and not before', async () => {
    const asked: (string | Buffer)[] = [];
    let hangs = true;
    const killed = (signal: AbortSignal) =>
      new Promise<StatFs>((_, reject) => signal.addEventListener('abort', () => reject(new Error('killed'))));
    const reader = createLinuxReader({
      root: fixture('nfs'),
      statfs: {
        sync: () => someStat(),
        async: (path, signal) => {
          asked.push(path);
          return hangs && path === '/mnt/nfs' ? killed(signal) : Promise.resolve(someStat({ files: 0 }));
        },
      },
    });
    const nfs = async () => {
      const mounts = await reader.mounts();
      return isUnknown(mounts) ? mounts : mounts.find(({ mountPoint }) => mountPoint === '/mnt/nfs')?.space;
    };
    const first = nfs();
    await vi.advanceTimersByTimeAsync(2000);
    expect(await first).toEqual(unknownSaying('within 2 s'));
    hangs = false;
    await vi.advanceTimersByTimeAsync(57_999);
    expect(await nfs()).toEqual(unknownSaying('within 2 s'));
    expect(asked).toEqual(['/mnt/nfs', '/mnt/nfs/local', '/mnt/sshfs']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await nfs()).toHaveProperty('used');
    expect(asked).toHaveLength(6);
  });

  it('that hangs forever has at most one process, which is killed', async () => {
    const signals: AbortSignal[] = [];
    const reader = createLinuxReader({
      root: fixture('nfs'),
      statfs: { sync: () => someStat(), async: (_path, signal) => (signals.push(signal), never) },
    });
    for (let minute = 0; minute < 5; minute += 1) {
      const reading = Promise.resolve(reader.mounts());
      await vi.advanceTimersByTimeAsync(60_000);
      await reading;
    }
    expect(signals).toHaveLength(3);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it('that fails is unknown with its error message', async () => {
    const { mounts } = nfsHost({ '/mnt/nfs': systemError('ESTALE', '/mnt/nfs') });
    expect((await mounts())['/mnt/nfs']).toEqual(unknownSaying('ESTALE'));
  });

  it('is not waited for after the reading was aborted', async () => {
    const { mounts } = nfsHost({ '/mnt/nfs': never });
    const controller = new AbortController();
    const reading = mounts(controller.signal);
    await vi.advanceTimersByTimeAsync(10);
    controller.abort();
    expect((await reading)['/mnt/nfs']).toEqual(unknownSaying('ended'));
    expect((await mounts(AbortSignal.abort()))['/mnt/nfs']).toEqual(unknownSaying('ended'));
  });

  it('keeps no timer after the reader was closed', async () => {
    const { mounts, reader } = nfsHost({ '/mnt/nfs': never });
    const reading = mounts();
    reader.close();
    expect((await reading)['/mnt/nfs']).toHaveProperty('unknown');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('slow calls', () => {
  it('share one running call per name', async () => {
    const slow = new SlowCalls<number>({ timeoutMs: 100 });
    const work = vi.fn(async () => 7);
    expect(await Promise.all([slow.run('a', work), slow.run('a', work)])).toEqual([7, 7]);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('do not delay each other', async () => {
    const slow = new SlowCalls<string>({ timeoutMs: 100 });
    const hang = () => new Promise<never>(() => {});
    const works = { a: hang, b: hang, c: async () => 'c' };
    const all = Object.entries(works).map(async ([name, work]) => slow.run(name, work));
    await vi.advanceTimersByTimeAsync(100);
    expect(await Promise.all(all)).toEqual([unknownSaying('0.1 s'), unknownSaying('0.1 s'), 'c']);
  });

  it('return a synchronous exception as unknown', async () => {
    const slow = new SlowCalls<number>({ timeoutMs: 100 });
    const thrown = slow.run('a', () => {
      throw new Error('no\n  way');
    });
    expect(await thrown).toEqual({ unknown: 'no way' });
  });
});
