import { afterEach, describe, expect, it, vi } from 'vitest';
import { deadlineOn, realClock, sleepsOnly } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { clockConformance, fakeClock, loggerConformance } from '../../src/testing/index.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('the system clock', () => {
  it.each(clockConformance(() => realClock))('$name', ({ run }) => run());
});

describe('a sleep of the system clock', () => {
  it('leaves no timer when its signal is aborted, before or during it', async () => {
    vi.useFakeTimers();
    const stop = new AbortController();
    const both = [1_000, 2_000].map((ms) => realClock.sleep(ms, stop.signal));
    const ended = Promise.all(both.map((sleep) => expect(sleep).rejects.toBe('enough')));
    stop.abort('enough');
    await ended;
    await expect(realClock.sleep(1_000, stop.signal)).rejects.toBe('enough');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a deadline of the system clock', () => {
  it('is none beyond the longest delay of a timer', () => {
    vi.useFakeTimers();
    const cancel = realClock.deadline?.(2_147_483_647, () => undefined);
    expect(vi.getTimerCount()).toBe(1);
    const none = realClock.deadline?.(2_147_483_648, () => undefined);
    expect(vi.getTimerCount()).toBe(1);
    none?.();
    cancel?.();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a deadline', () => {
  it.each([
    ['that has deadlines', (clock: ReturnType<typeof fakeClock>) => clock, 0],
    ['that can only sleep', (clock: ReturnType<typeof fakeClock>) => sleepsOnly(clock), 1],
  ])('on a clock %s ends at its time, unless it is cancelled', async (_which, clockOf, sleepers) => {
    const clock = fakeClock();
    const [end, never] = [vi.fn(), vi.fn()];
    deadlineOn(clockOf(clock), 10, end);
    expect(clock.sleepers).toBe(sleepers);
    deadlineOn(clockOf(clock), 10, never)();
    await clock.advance(9);
    expect(end).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(end).toHaveBeenCalledOnce();
    expect(never).not.toHaveBeenCalled();
  });
});

describe('the silent logger', () => {
  it.each(loggerConformance(() => silentLogger))('$name', ({ run }) => run());
});

describe('the console as a logger', () => {
  const quiet = Object.assign(Object.create(console) as Console, {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  });
  it.each(loggerConformance(() => quiet))('$name', ({ run }) => run());
});
