import type { Clock } from '../../base/clock.js';

/** What a watchdog is fed with. */
export interface WatchdogParts {
  readonly clock: Clock;
  /** After this long without a sign of life, systemd ends the service. */
  readonly limitMs: number;
  /** How long it may be from one cycle to the next, when all is well. */
  readonly intervalMs: () => number;
  /** Tells systemd that the service lives. */
  readonly alive: () => Promise<void>;
}

/**
 * Tells systemd that the service lives only while its loop really comes round: a process that runs and looks at
 * nothing is as good as dead.
 */
export class Watchdog {
  readonly #parts: WatchdogParts;
  #cameRound: number;
  #excuses = 0;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
    this.#cameRound = parts.clock.monotonic();
  }

  /** The loop has come round, with whatever result. */
  cameRound(): void {
    this.#cameRound = this.#parts.clock.monotonic();
  }

  /** Does work for which the loop has to stand still: it counts as living. */
  async excused<T>(work: () => Promise<T>): Promise<T> {
    this.#excuses += 1;
    try {
      return await work();
    } finally {
      this.#excuses -= 1;
      this.cameRound();
    }
  }

  /** Whether the loop has come round in time: an interval, and half of the watchdog's patience. */
  get lives(): boolean {
    const { clock, limitMs, intervalMs } = this.#parts;
    return this.#excuses > 0 || clock.monotonic() - this.#cameRound <= intervalMs() + limitMs / 2;
  }

  /** Keeps telling until the signal is aborted. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, limitMs, alive } = this.#parts;
    while (!signal.aborted) {
      if (this.lives) await alive();
      await clock.sleep(limitMs / 4, signal).catch(() => undefined);
    }
  }
}
