import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { SlowCalls } from '../../../src/host/linux/slow-calls.js';
import { isUnknown } from '../../../src/host/reading.js';
import type { MountReading } from '../../../src/host/snapshot.js';
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
  it('is asked on the thread pool, and its answer is as good as a local one', async () => {
    const { mounts, asked, askedAsync } = nfsHost();
    expect(await mounts()).toMatchObject({ '/mnt/nfs': { used: 60 * 4096 }, '/': { used: 60 * 4096 } });
    expect(asked).toEqual(['/']);
    expect(askedAsync).toEqual(['/mnt/nfs', '/mnt/nfs/local', '/mnt/sshfs']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that hangs is unknown when its time is up, and holds up no later cycle', async () => {
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

  it('is asked again once its late answer has come', async () => {
    let answer!: (stat: StatFs) => void;
    const { mounts, answers, askedAsync } = nfsHost({
      '/mnt/nfs': new Promise<StatFs>((done) => (answer = done)),
    });
    const first = mounts();
    await vi.advanceTimersByTimeAsync(2000);
    expect((await first)['/mnt/nfs']).toHaveProperty('unknown');
    answers['/mnt/nfs'] = someStat({ bfree: 0, bavail: 0 });
    answer(someStat());
    await vi.advanceTimersByTimeAsync(0);
    expect((await mounts())['/mnt/nfs']).toHaveProperty('percent', 100);
    expect(askedAsync.filter((path) => path === '/mnt/nfs')).toHaveLength(2);
  });

  it('that refuses is unknown with what it said', async () => {
    const { mounts } = nfsHost({ '/mnt/nfs': systemError('ESTALE', '/mnt/nfs') });
    expect((await mounts())['/mnt/nfs']).toEqual(unknownSaying('ESTALE'));
  });

  it('is no longer waited for when the reading is aborted', async () => {
    const { mounts } = nfsHost({ '/mnt/nfs': never });
    const controller = new AbortController();
    const reading = mounts(controller.signal);
    await vi.advanceTimersByTimeAsync(10);
    controller.abort();
    expect((await reading)['/mnt/nfs']).toEqual(unknownSaying('ended'));
    expect((await mounts(AbortSignal.abort()))['/mnt/nfs']).toEqual(unknownSaying('ended'));
  });

  it('holds no timer after the reader was closed', async () => {
    const { mounts, reader } = nfsHost({ '/mnt/nfs': never });
    const reading = mounts();
    reader.close();
    expect((await reading)['/mnt/nfs']).toHaveProperty('unknown');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('slow calls', () => {
  it('share one call under way among all who ask for the same', async () => {
    const slow = new SlowCalls<number>({ timeoutMs: 100 });
    const work = vi.fn(async () => 7);
    expect(await Promise.all([slow.run('a', work), slow.run('a', work)])).toEqual([7, 7]);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('never hold more threads than they may, and pass the turn on', async () => {
    const slow = new SlowCalls<string>({ timeoutMs: 100, atOnce: 1 });
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
      return name;
    };
    expect(await Promise.all(['a', 'b'].map(async (name) => slow.run(name, work(name))))).toEqual(['a', 'b']);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('say at once that they cannot ask while all their threads hang', async () => {
    const slow = new SlowCalls<never>({ timeoutMs: 100, atOnce: 2 });
    const hang = () => new Promise<never>(() => {});
    const work = vi.fn(hang);
    const first = Promise.all([slow.run('a', hang), slow.run('b', hang), slow.run('c', work)]);
    await vi.advanceTimersByTimeAsync(100);
    expect((await first).every(isUnknown)).toBe(true);
    expect(slow.run('d', work)).toEqual(unknownSaying('not asked'));
    expect(work).not.toHaveBeenCalled();
  });

  it('take an exception thrown at once as an answer', async () => {
    const slow = new SlowCalls<number>({ timeoutMs: 100 });
    const thrown = slow.run('a', () => {
      throw new Error('no\n  way');
    });
    expect(await thrown).toEqual({ unknown: 'no way' });
  });
});
