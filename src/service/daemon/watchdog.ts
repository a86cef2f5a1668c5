import type { Clock } from '../../base/clock.js';

/** Parts of a watchdog. */
export interface WatchdogParts {
  readonly clock: Clock;
  /** Limit of systemd's watchdog, in milliseconds. */
  readonly limitMs: number;
  /** Returns the interval between cycles, in milliseconds. */
  readonly intervalMs: () => number;
  /** Notifies the watchdog. */
  readonly alive: () => Promise<void>;
}

/**
 * Notifies the watchdog only while the monitoring loop is running: a process that runs no cycles has to be restarted.
 */
export class Watchdog {
  readonly #parts: WatchdogParts;
  #cameRound: number;
  #excuses = 0;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
    this.#cameRound = parts.clock.monotonic();
  }

  /** Records that a cycle has ended, with whatever result. */
  cameRound(): void {
    this.#cameRound = this.#parts.clock.monotonic();
  }

  /** Runs work during which no cycle can run; the watchdog is notified all the time. */
  async excused<T>(work: () => Promise<T>): Promise<T> {
    this.#excuses += 1;
    try {
      return await work();
    } finally {
      this.#excuses -= 1;
      this.cameRound();
    }
  }

  /** Returns whether the last cycle is recent: at most an interval and half of the watchdog's limit ago. */
  get lives(): boolean {
    const { clock, limitMs, intervalMs } = this.#parts;
    return this.#excuses > 0 || clock.monotonic() - this.#cameRound <= intervalMs() + limitMs / 2;
  }

  /** Notifies the watchdog until the signal is aborted. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, limitMs, alive } = this.#parts;
    while (!signal.aborted) {
      if (this.lives) await alive();
      await clock.sleep(limitMs / 4, signal).catch(() => undefined);
    }
  }
}
