import { expectFunction, expectKnownKeys, expectObject, refusal } from '../base/expect.js';
import { setImmediate as settled } from 'node:timers/promises';
import type { Clock } from '../base/clock.js';
import { preload } from '../repair/load.js';

/** Options of {@link fakeClock}. */
export interface FakeClockOptions {
  /** Initial wall-clock time, in milliseconds since the epoch. Default 2025-01-01T00:00:00Z. */
  readonly now?: number;
  /** Result of `random()`. Default: always 0.5. */
  readonly random?: () => number;
}

/** Clock that only advances on request. */
export interface FakeClock extends Clock {
  /**
   * Advances the time by `ms` milliseconds. Sleepers wake in order of their time, including those that start to sleep
   * in between; each may finish its work before the next one wakes.
   */
  advance(ms: number): Promise<void>;
  /** Changes the wall clock like a change of the system time: `monotonic` is unaffected, and no sleeper wakes. */
  jump(ms: number): void;
  /** Number of pending sleeps. */
  readonly sleepers: number;
}

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Wake-ups without any time passing that count as an endless loop. */
const TOO_OFTEN = 10_000;

/** Creates a clock that only advances on request. */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  expectKnownKeys('options', expectObject('options', options), ['now', 'random']);
  expectFunction('random', options.random);
  if (options.now !== undefined && !Number.isFinite(options.now))
    throw refusal('now', 'a time in milliseconds since the epoch', options.now);
  const asleep = new Set<Sleeper>();
  // Not counted as sleepers: no test has to wait for a deadline.
  const deadlines = new Set<Sleeper>();
  let offset = options.now ?? Date.UTC(2025, 0, 1);
  let elapsed = 0;

  const next = (until: number): Sleeper | undefined => {
    let first: Sleeper | undefined;
    for (const one of [...asleep, ...deadlines])
      if (one.until <= until && (!first || one.until < first.until)) first = one;
    return first;
  };

  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    random: options.random ?? (() => 0.5),
    get sleepers() {
      return asleep.size;
    },
    sleep: (ms, signal) => {
      if (signal?.aborted) return Promise.reject(signal.reason as Error);
      return new Promise((resolve, reject) => {
        const end = (settle: () => void) => (): void => {
          asleep.delete(sleeper);
          signal?.removeEventListener('abort', onAbort);
          settle();
        };
        const sleeper: Sleeper = { until: elapsed + Math.max(0, ms), wake: end(resolve) };
        const onAbort = end(() => reject(signal?.reason as Error));
        signal?.addEventListener('abort', onAbort);
        asleep.add(sleeper);
      });
    },
    deadline(ms, end) {
      const wake = (): void => {
        if (deadlines.delete(one)) end();
      };
      const one: Sleeper = { until: elapsed + ms, wake };
      deadlines.add(one);
      return () => void deadlines.delete(one);
    },
    async advance(ms) {
      if (!(ms >= 0)) throw new Error(`Expected \`ms\` to be a number of at least 0, got ${ms}`);
      const end = elapsed + ms;
      // Loading modules takes real time.
      await preload();
      // All promises without I/O settle within one turn of the event loop.
      await settled();
      for (let sleeper = next(end), often = 0; sleeper; sleeper = next(end)) {
        often = sleeper.until > elapsed ? 0 : often + 1;
        if (often > TOO_OFTEN) throw new Error(`A loop sleeps for 0 ms again and again, ${TOO_OFTEN} times`);
        elapsed = Math.max(elapsed, sleeper.until);
        sleeper.wake();
        await settled();
      }
      elapsed = Math.max(elapsed, end);
    },
    jump: (ms) => void (offset += ms),
  };
}
