import type { HealingResult } from '../result.js';

/** How long something took, in milliseconds; all 0 before the first time. */
export interface Timing {
  readonly last: number;
  readonly mean: number;
  readonly max: number;
}

/** What an engine has done since it was made. */
export interface Metrics {
  /** Issues that opened. */
  readonly issuesDetected: number;
  /** Issues that a repair fixed, as read again after it. */
  readonly issuesResolved: number;
  /** Repairs that failed, or did not help. */
  readonly issuesFailed: number;
  /** When the host was last looked at; `undefined` before the first cycle. */
  readonly lastCheck: Date | undefined;
  /** Resolved out of resolved and failed: a ratio from 0 to 1, and 1 before the first attempt. */
  readonly successRate: number;
  readonly detectionTimeMs: Timing;
  /** Of repairs that were carried out, their proof included. */
  readonly resolutionTimeMs: Timing;
}

class Stopwatch {
  #count = 0;
  #sum = 0;
  #last = 0;
  #max = 0;

  add(ms: number): void {
    this.#count += 1;
    this.#sum += ms;
    this.#last = ms;
    if (ms > this.#max) this.#max = ms;
  }

  read(): Timing {
    return { last: this.#last, mean: this.#count === 0 ? 0 : this.#sum / this.#count, max: this.#max };
  }
}

/** Counts for {@link Metrics}. */
export class Tally {
  readonly #detection = new Stopwatch();
  readonly #resolution = new Stopwatch();
  #detected = 0;
  #resolved = 0;
  #failed = 0;
  #lastCheck = NaN;

  /** A look at the whole host, ended at `at` (milliseconds since the epoch) and as long as told. */
  looked(at: number, ms: number): void {
    this.#lastCheck = at;
    this.#detection.add(ms);
  }

  opened(issues: number): void {
    this.#detected += issues;
  }

  /** A skipped issue and a dry run count as neither resolved nor failed. */
  healed(result: HealingResult): void {
    if (result.outcome === 'skipped' || result.outcome === 'planned' || result.outcome === 'pending-reboot')
      return;
    if (result.outcome === 'fixed') this.#resolved += 1;
    else this.#failed += 1;
    this.#resolution.add(result.durationMs);
  }

  read(): Metrics {
    const attempts = this.#resolved + this.#failed;
    return {
      issuesDetected: this.#detected,
      issuesResolved: this.#resolved,
      issuesFailed: this.#failed,
      lastCheck: Number.isNaN(this.#lastCheck) ? undefined : new Date(this.#lastCheck),
      successRate: attempts === 0 ? 1 : this.#resolved / attempts,
      detectionTimeMs: this.#detection.read(),
      resolutionTimeMs: this.#resolution.read(),
    };
  }
}
