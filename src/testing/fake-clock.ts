import { expectFunction, expectKnownKeys, expectObject, refusal } from '../base/expect.js';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../base/clock.js';
import { preload } from '../repair/load.js';

/** What a {@link FakeClock} may be told. */
export interface FakeClockOptions {
  /** The first wall-clock time, in milliseconds since the epoch. Default 2025-01-01T00:00:00Z. */
  readonly now?: number;
  /** What `random()` answers. Default: always 0.5. */
  readonly random?: () => number;
}

/** Time that passes only when a test says so. */
export interface FakeClock extends Clock {
  /**
   * Lets time pass, in milliseconds. Whoever sleeps is woken in the order in which their time comes, and what
   * they do then is waited for before the next one is woken, sleepers who fall asleep meanwhile included.
   */
  advance(ms: number): Promise<void>;
  /** Moves the wall clock, as a change of the system time does. `monotonic` goes on, and nobody is woken. */
  jump(ms: number): void;
  /** How many are asleep. */
  readonly sleepers: number;
}

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** So many wake-ups without any time passing are taken for a loop that never ends. */
const TOO_OFTEN = 10_000;

/** Makes a clock that stands still until a test moves it. */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  expectKnownKeys('options', expectObject('options', options), ['now', 'random']);
  expectFunction('random', options.random);
  if (options.now !== undefined && !Number.isFinite(options.now))
    throw refusal('now', 'a time in milliseconds since the epoch', options.now);
  const asleep = new Set<Sleeper>();
  // Not among the sleepers: nobody waits for a deadline, so no test has to let time pass for it.
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
      if (signal?.aborted) return Promise.reject(reasonOf(signal));
      return new Promise((resolve, reject) => {
        const end = (settle: () => void) => (): void => {
          asleep.delete(sleeper);
          signal?.removeEventListener('abort', onAbort);
          settle();
        };
        const sleeper: Sleeper = { until: elapsed + Math.max(0, ms), wake: end(resolve) };
        const onAbort = end(() => reject(reasonOf(signal)));
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
      // Loading takes real time, of which a clock that stands still knows nothing.
      await preload();
      await settled();
      for (let sleeper = next(end), often = 0; sleeper; sleeper = next(end)) {
        often = sleeper.until > elapsed ? 0 : often + 1;
        if (often > TOO_OFTEN)
          throw new Error(`Somebody sleeps for 0 ms again and again, ${TOO_OFTEN} times`);
        elapsed = Math.max(elapsed, sleeper.until);
        sleeper.wake();
        await settled();
      }
      elapsed = Math.max(elapsed, end);
    },
    jump: (ms) => void (offset += ms),
  };
}

/** A turn of the event loop: every promise that can settle without waiting for the world has then settled. */
const settled = (): Promise<void> => turn();

/** An `AbortSignal`'s reason may be anything; by default it is an error. */
const reasonOf = (signal: AbortSignal | undefined): Error => signal?.reason as Error;
