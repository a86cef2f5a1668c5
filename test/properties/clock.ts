import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/base/clock.js';

interface Sleeper {
  readonly until: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Result of `setTimeout`, which keeps no process alive. */
interface Timer extends Sleeper {
  readonly unref: () => Timer;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * Clock of a simulated world. Time passes only while something waits for it, so that a day costs nothing, and it is the
 * same for all lives of an engine: a dead engine is not woken any more.
 */
export class WorldClock {
  #elapsed = 0;
  #offset = Date.UTC(2025, 0, 1);
  #order = 0;
  readonly #asleep = new Set<Sleeper>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  get monotonic(): number {
    return this.#elapsed;
  }

  get wall(): number {
    return this.#offset + this.#elapsed;
  }

  /** Moves the wall clock; nothing is woken. */
  jump(ms: number): void {
    this.#offset += ms;
  }

  /** Returns the clock for one life of an engine. */
  portFor(isDead: () => boolean): Clock {
    return {
      now: () => this.wall,
      monotonic: () => this.#elapsed,
      random: this.#random,
      // Every port of this world returns in time: a deadline would only make idle time pass.
      deadline: () => () => undefined,
      sleep: (ms, signal) => (isDead() ? never() : this.sleep(ms, isDead, signal)),
    };
  }

  sleep(ms: number, isDead: () => boolean = () => false, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => (): void => {
        this.#asleep.delete(sleeper);
        signal?.removeEventListener('abort', onAbort);
        if (!isDead()) settle();
      };
      const sleeper = { until: this.#elapsed + Math.max(0, ms), order: this.#order++, wake: end(resolve) };
      const onAbort = end(() => reject(signal?.reason as Error));
      signal?.addEventListener('abort', onAbort);
      this.#asleep.add(sleeper);
    });
  }

  /**
   * Makes `setTimeout` and `clearTimeout` of the sources use this world's time. Returns the function that restores the
   * real ones.
   */
  takeTimers(): () => void {
    const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
    const set = (run: () => void, ms = 0): Timer => {
      const wake = (): void => {
        this.#asleep.delete(sleeper);
        run();
      };
      const sleeper: Timer = { until: this.#elapsed + ms, order: this.#order++, wake, unref: () => sleeper };
      this.#asleep.add(sleeper);
      return sleeper;
    };
    const clear = (timer: unknown): void => void this.#asleep.delete(timer as Sleeper);
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
    return () => void Object.assign(globalThis, real);
  }

  /** Advances time, and wakes sleepers in the order of their times. */
  async advance(ms: number, until: () => boolean = () => false): Promise<void> {
    const end = this.#elapsed + ms;
    await turn();
    while (!until() && this.#wakeNext(end)) await turn();
    if (!until()) this.#elapsed = Math.max(this.#elapsed, end);
  }

  /** Advances time until a promise has settled; `ended` may also end it from outside, by a crash. */
  async drive<T>(work: Promise<T>, ended: () => boolean): Promise<T | undefined> {
    let settled = false;
    const outcome = work.then(
      (value) => ((settled = true), { value }),
      (error: unknown) => ((settled = true), { error }),
    );
    for (let rounds = 0; ; rounds += 1) {
      await turn();
      if (ended() && !settled) return undefined;
      if (settled) break;
      if (!this.#wakeNext(Infinity) || rounds > 100_000)
        throw new Error('It hangs: nobody sleeps and nothing ends');
    }
    const result = await outcome;
    if ('error' in result) throw result.error;
    return result.value;
  }

  #wakeNext(limit: number): boolean {
    let first: Sleeper | undefined;
    for (const one of this.#asleep) {
      const sooner =
        first === undefined ||
        one.until < first.until ||
        (one.until === first.until && one.order < first.order);
      if (one.until <= limit && sooner) first = one;
    }
    if (!first) return false;
    this.#elapsed = Math.max(this.#elapsed, first.until);
    first.wake();
    return true;
  }
}
