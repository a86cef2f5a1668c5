import { afterEach, describe, expect, it, vi } from 'vitest';
import { realClock, type Clock } from '../../src/base/clock.js';
import { ownedClock } from '../../src/base/owned-clock.js';
import { recordingLogger } from '../../src/testing/index.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A clock whose sleeps take no time but move it on. */
function clockOf(more: Partial<Clock> = {}): Clock {
  let now = 5;
  return {
    now: () => now,
    monotonic: () => now,
    random: () => 0.5,
    sleep: async (ms) => void (now += ms),
    ...more,
  };
}
/** The wrapped clock, and what it logs as errors. */
function owning(more: Partial<Clock> = {}) {
  const logger = recordingLogger();
  return { clock: ownedClock(clockOf(more), logger), errors: () => logger.of('error') };
}
const usedInstead = (method: string, why: string) =>
  `\`clock.${method}\` failed; the time of this machine is used instead: ${why}`;
const fails = (): never => {
  throw new Error('no time');
};

describe('a clock of the host program', () => {
  it('is used as it is, without a word, while it works', async () => {
    const { clock, errors } = owning();
    expect([clock.now(), clock.monotonic(), clock.random()]).toEqual([5, 5, 0.5]);
    await clock.sleep(10);
    await clock.sleep(0, new AbortController().signal);
    expect(clock.now()).toBe(15);
    expect(clock.deadline).toBeUndefined();
    expect(errors()).toEqual([]);
  });

  it('is not wrapped if it is the clock of this machine', () => {
    expect(ownedClock(realClock, recordingLogger())).toBe(realClock);
    expect(owning().clock).not.toBe(realClock);
  });

  it.each<[string, unknown, string]>([
    ['text', 'noon', 'it returned noon'],
    ['no number', NaN, 'it returned NaN'],
    ['a big integer', 5n, 'it returned 5'],
  ])('is replaced where it returns %s, which is logged once', (_what, value, why) => {
    const { clock, errors } = owning({ now: () => value as never });
    vi.spyOn(realClock, 'now').mockReturnValue(77);
    expect([clock.now(), clock.now(), clock.monotonic()]).toEqual([77, 77, 5]);
    expect(errors()).toEqual([usedInstead('now', why)]);
  });

  it('is replaced where it throws, each method by itself', () => {
    const { clock, errors } = owning({ now: fails, monotonic: fails, random: fails });
    vi.spyOn(realClock, 'now').mockReturnValue(77);
    vi.spyOn(realClock, 'monotonic').mockReturnValue(78);
    vi.spyOn(realClock, 'random').mockReturnValue(0.25);
    expect([clock.now(), clock.monotonic(), clock.random()]).toEqual([77, 78, 0.25]);
    expect(errors()).toEqual(['now', 'monotonic', 'random'].map((name) => usedInstead(name, 'no time')));
  });

  it('is replaced where its sleep does not wait, or fails', async () => {
    for (const [sleep, why] of [
      [async () => undefined, 'it did not wait'],
      [fails, 'no time'],
    ] as const) {
      const { clock, errors } = owning({ sleep });
      const real = vi.spyOn(realClock, 'sleep').mockResolvedValue();
      await clock.sleep(10);
      expect(real).toHaveBeenLastCalledWith(10, undefined);
      expect(errors()).toEqual([usedInstead('sleep', why)]);
    }
  });

  it('ends its sleeps when their signal is aborted, although it ignores signals', async () => {
    const { clock, errors } = owning({ sleep: () => new Promise(() => undefined) });
    const stop = new AbortController();
    const sleeping = expect(clock.sleep(10, stop.signal)).rejects.toBe('enough');
    stop.abort('enough');
    await sleeping;
    await expect(clock.sleep(10, AbortSignal.abort('before'))).rejects.toBe('before');
    expect(errors()).toEqual([]);
  });

  it('has its own deadlines where it has some', () => {
    const cancelled = vi.fn();
    const deadline = vi.fn(() => cancelled);
    const { clock, errors } = owning({ deadline });
    const end = () => undefined;
    clock.deadline?.(10, end)();
    expect(deadline).toHaveBeenCalledWith(10, end);
    expect(cancelled).toHaveBeenCalledOnce();
    expect(errors()).toEqual([]);
  });

  it.each<[string, () => never, string]>([
    ['throw', fails, 'no time'],
    ['cannot be cancelled', () => undefined as never, 'it did not return a cancel function'],
  ])('has deadlines of this machine where its own %s', (_what, deadline, why) => {
    const { clock, errors } = owning({ deadline });
    const cancel = () => undefined;
    vi.spyOn(realClock, 'deadline').mockReturnValue(cancel);
    expect(clock.deadline?.(10, () => undefined)).toBe(cancel);
    expect(errors()).toEqual([usedInstead('deadline', why)]);
  });
});
