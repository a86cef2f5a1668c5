import type { Issue } from '../issue.js';
import type { HealingResult } from '../result.js';
import { Stopwatch, type Distribution, type Timing } from './stopwatch.js';

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
  /** Repairs that were `fixed` and relapsed soon after. They stay among the resolved. */
  readonly issuesRelapsed: number;
  /** Resolved without relapse out of resolved and failed: a ratio from 0 to 1, and 1 before the first attempt. */
  readonly successRate: number;
  readonly detectionTimeMs: Timing;
  /** Of repairs that were carried out, their proof included. */
  readonly resolutionTimeMs: Timing;
}

/** Counts for {@link Metrics}. */
export class Tally {
  readonly #detection = new Stopwatch();
  readonly #resolution = new Stopwatch();
  #detected = 0;
  #resolved = 0;
  #failed = 0;
  #relapsed = 0;
  #lastCheck = NaN;

  /** A look at the whole host, ended at `at` (milliseconds since the epoch) and as long as told. */
  looked(at: number, ms: number): void {
    this.#lastCheck = at;
    this.#detection.add(ms);
  }

  opened(issues: readonly Issue[]): void {
    this.#detected += issues.length;
  }

  relapsed(): void {
    this.#relapsed += 1;
  }

  /** A skipped issue and a dry run count as neither resolved nor failed. */
  healed(result: HealingResult): void {
    const { outcome } = result;
    if (outcome === 'skipped' || outcome === 'planned') return;
    if (outcome === 'pending' || outcome === 'pending-reboot') return;
    if (result.outcome === 'fixed') this.#resolved += 1;
    else this.#failed += 1;
    this.#resolution.add(result.durationMs);
  }

  /** How often the looking, and the healing, took how long. */
  distributions(): { readonly detection: Distribution; readonly resolution: Distribution } {
    return { detection: this.#detection.distribution(), resolution: this.#resolution.distribution() };
  }

  read(): Metrics {
    const attempts = this.#resolved + this.#failed;
    return {
      issuesDetected: this.#detected,
      issuesResolved: this.#resolved,
      issuesFailed: this.#failed,
      issuesRelapsed: this.#relapsed,
      lastCheck: Number.isNaN(this.#lastCheck) ? undefined : new Date(this.#lastCheck),
      successRate: attempts === 0 ? 1 : Math.max(0, this.#resolved - this.#relapsed) / attempts,
      detectionTimeMs: this.#detection.read(),
      resolutionTimeMs: this.#resolution.read(),
    };
  }
}
