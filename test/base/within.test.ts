import { describe, expect, it } from 'vitest';
import { getEventListeners } from 'node:events';
import { sleepsOnly } from '../../src/base/clock.js';
import { within } from '../../src/base/within.js';
import { fakeClock } from '../../src/testing/index.js';

const never = () => new Promise<never>(() => undefined);

describe('within', () => {
  it('returns the result of work that ends in time, and leaves no timer', async () => {
    const clock = fakeClock();
    expect(await within({ ms: 10, clock }, () => 'done')).toBe('done');
    expect(clock.sleepers).toBe(0);
  });

  it('leaves no sleep and no listener when the work ends', async () => {
    const clock = fakeClock();
    const { signal } = new AbortController();
    const waiting = within({ ms: 10, clock: sleepsOnly(clock), signal }, () => Promise.resolve('done'));
    expect(clock.sleepers).toBe(1);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await waiting;
    expect(clock.sleepers).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('rejects with the error of work that fails', async () => {
    const failing = within({ ms: 10, clock: fakeClock() }, () => Promise.reject(new Error('no disk')));
    await expect(failing).rejects.toThrow('no disk');
  });

  it.each([
    { late: undefined, message: 'not done within 10 ms' },
    { late: 'the bus is slow', message: 'the bus is slow' },
    { late: () => new RangeError('made at the limit'), message: 'made at the limit' },
  ])('rejects at the limit with `$message`', async ({ late, message }) => {
    const clock = fakeClock();
    const waiting = within({ ms: 10, clock, late }, never);
    const failed = expect(waiting).rejects.toThrow(message);
    await clock.advance(10);
    await failed;
  });

  it('creates the error of a limit only when the limit is reached', async () => {
    let made = 0;
    const late = () => new Error(`number ${++made}`);
    await within({ ms: 10, clock: fakeClock(), late }, () => 'done');
    expect(made).toBe(0);
  });

  it('aborts the signal of the work at the limit, whether the work asked for it before or asks later', async () => {
    const clock = fakeClock();
    let early: AbortSignal | undefined;
    let later: (() => AbortSignal) | undefined;
    const waiting = within({ ms: 10, clock, late: 'too late' }, (signal) => {
      early = signal();
      later = signal;
      return never();
    });
    waiting.catch(() => undefined);
    expect(early?.aborted).toBe(false);
    await clock.advance(10);
    expect(early?.aborted).toBe(true);
    expect(later?.()).toBe(early);
    expect(early?.reason).toMatchObject({ message: 'too late', code: 'timeout' });
  });

  it('gives an aborted signal to work whose wait is cancelled before it begins', async () => {
    let seen: AbortSignal | undefined;
    const waiting = within({ ms: 10, clock: fakeClock(), signal: AbortSignal.abort('stop') }, (signal) => {
      seen = signal();
      return never();
    });
    await expect(waiting).rejects.toBe('stop');
    expect(seen?.reason).toBe('stop');
  });

  it('rejects with the reason of its signal, or with the given sentence', async () => {
    const stop = new AbortController();
    const clock = fakeClock();
    const plain = within({ ms: 10, clock, signal: stop.signal }, never);
    const worded = within({ ms: 10, clock, signal: stop.signal, stopped: 'stopped by the caller' }, never);
    plain.catch(() => undefined);
    worded.catch(() => undefined);
    stop.abort('enough');
    await expect(plain).rejects.toBe('enough');
    await expect(worded).rejects.toThrow('stopped by the caller');
    expect(clock.sleepers).toBe(0);
  });
});
