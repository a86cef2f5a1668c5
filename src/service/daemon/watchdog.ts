import type { Clock } from '../../base/clock.js';

export interface WatchdogParts {
  readonly clock: Clock;
  /** Limit of systemd's watchdog, in milliseconds. */
  readonly limitMs: number;
  /** Returns the monotonic time of the end of the last cycle, whatever its result; `-Infinity` before the first. */
  readonly lastCycle: () => number;
  /** Returns the interval between cycles, in milliseconds. */
  readonly intervalMs: () => number;
  readonly alive: () => Promise<void>;
}

/**
 * Notifies the watchdog only while the monitoring loop is running: a process that runs no cycles has to be restarted.
 */
export class Watchdog {
  readonly #parts: WatchdogParts;
  /** Time from which cycles are expected. */
  #from: number;
  #excuses = 0;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
    this.#from = parts.clock.monotonic();
  }

  /** Runs work during which no cycle can run; the watchdog is notified all the time. */
  async excused<T>(work: () => Promise<T>): Promise<T> {
    this.#excuses += 1;
    try {
      return await work();
    } finally {
      this.#excuses -= 1;
      this.#from = this.#parts.clock.monotonic();
    }
  }

  /** Returns whether the last cycle is recent: at most an interval and half of the watchdog's limit ago. */
  get lives(): boolean {
    const { clock, limitMs, intervalMs, lastCycle } = this.#parts;
    if (this.#excuses > 0) return true;
    return clock.monotonic() - Math.max(this.#from, lastCycle()) <= intervalMs() + limitMs / 2;
  }

  /**
   * Notifies the watchdog at half of its limit, as sd_watchdog_enabled(3) recommends, until the signal is aborted. Each
   * notification starts a process; whether cycles run is asked more often.
   */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, limitMs, alive } = this.#parts;
    let toldAt = -Infinity;
    while (!signal.aborted) {
      const now = clock.monotonic();
      if (this.lives && now - toldAt >= limitMs / 2) {
        toldAt = now;
        await alive();
      }
      await clock.sleep(limitMs / 8, signal).catch(() => undefined);
    }
  }
}
