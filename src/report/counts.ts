import { IssueType, type Issue } from '../model/issue.js';
import type { HealingResult } from '../model/result.js';

/** Durations in milliseconds; all 0 before the first. */
export interface Timing {
  readonly last: number;
  readonly mean: number;
  readonly max: number;
}

/** Histogram of durations. */
export interface Distribution {
  /** Upper bounds of the buckets, in milliseconds, ascending; one unbounded bucket follows. */
  readonly bounds: readonly number[];
  /** Number of durations in each bucket; one entry more than `bounds`. */
  readonly counts: readonly number[];
  /** Sum of all durations, in milliseconds. */
  readonly sum: number;
  readonly count: number;
}

/** Counters of an engine since it was created. */
export interface Metrics {
  /** Issues that were opened. */
  readonly issuesDetected: number;
  /** Issues that a repair fixed, with proof. */
  readonly issuesResolved: number;
  /** Repairs that failed or were ineffective. */
  readonly issuesFailed: number;
  /** Time of the last cycle; `undefined` before the first. */
  readonly lastCheck: Date | undefined;
  /** Repairs that were `fixed` and relapsed soon after. They still count as resolved. */
  readonly issuesRelapsed: number;
  /** Ratio of resolved without relapse to resolved and failed, from 0 to 1; 1 before the first attempt. */
  readonly successRate: number;
  /** The same counts for each of the three categories. */
  readonly byType: Readonly<Record<IssueType, TypeCounts>>;
  readonly detectionTimeMs: Timing;
  /** Durations of repairs, including their proof. */
  readonly resolutionTimeMs: Timing;
}

/** Counts of one category of issues. */
export interface TypeCounts {
  /** Issues that were opened. */
  readonly detected: number;
  /** Issues that a repair fixed. */
  readonly resolved: number;
  /** Repairs that failed or were ineffective. */
  readonly failed: number;
}

const TYPES = Object.values(IssueType);

/**
 * From 5 µs, a handful of system calls, up to an hour, the longest rebuild. Close together from half a second to ten
 * seconds, where most repairs are: a quantile is interpolated within its bucket.
 */
export const BOUNDS_MS: readonly number[] = Object.freeze([
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 750, 1_000, 1_250, 1_500,
  2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
]);

/** Records durations. */
export class Stopwatch {
  readonly #counts = new Array<number>(BOUNDS_MS.length + 1).fill(0);
  #count = 0;
  #sum = 0;
  #last = 0;
  #max = 0;

  add(ms: number): void {
    this.#count += 1;
    this.#sum += ms;
    this.#last = ms;
    if (ms > this.#max) this.#max = ms;
    let bucket = 0;
    while (bucket < BOUNDS_MS.length && ms > BOUNDS_MS[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
  }

  read(): Timing {
    return { last: this.#last, mean: this.#count === 0 ? 0 : this.#sum / this.#count, max: this.#max };
  }

  distribution(): Distribution {
    return { bounds: BOUNDS_MS, counts: [...this.#counts], sum: this.#sum, count: this.#count };
  }
}

/** Counts for {@link Metrics}. */
export class Counts {
  readonly #detection = new Stopwatch();
  readonly #resolution = new Stopwatch();
  #relapsed = 0;
  readonly #byType = new Map(TYPES.map((type) => [type, { detected: 0, resolved: 0, failed: 0 }]));
  #lastCheck = NaN;

  /** Records a cycle that ended at `at`, in milliseconds since the epoch. */
  looked(at: number, ms: number): void {
    this.#lastCheck = at;
    this.#detection.add(ms);
  }

  /** Time of the last cycle, in milliseconds since the epoch; `NaN` before the first. */
  get lastLook(): number {
    return this.#lastCheck;
  }

  opened(issues: readonly Pick<Issue, 'type'>[]): void {
    for (const { type } of issues) this.#count(type, 'detected');
  }

  relapsed(): void {
    this.#relapsed += 1;
  }

  /** Records a result. Skipped, planned and pending ones count as neither resolved nor failed. */
  healed(result: HealingResult): void {
    const { outcome } = result;
    if (['skipped', 'planned', 'pending', 'pending-reboot'].includes(outcome)) return;
    this.#count(result.issue.type, outcome === 'fixed' ? 'resolved' : 'failed');
    this.#resolution.add(result.durationMs);
  }

  /** Returns the histograms of detection and resolution. */
  distributions(): { readonly detection: Distribution; readonly resolution: Distribution } {
    return { detection: this.#detection.distribution(), resolution: this.#resolution.distribution() };
  }

  #count(type: IssueType, what: keyof TypeCounts): void {
    const counts = this.#byType.get(type);
    if (counts) counts[what] += 1;
  }

  #sum(what: keyof TypeCounts): number {
    return TYPES.reduce((sum, type) => sum + (this.#byType.get(type)?.[what] ?? 0), 0);
  }

  read(): Metrics {
    const resolved = this.#sum('resolved');
    const failed = this.#sum('failed');
    const byType = TYPES.map((type) => [type, Object.freeze({ ...this.#byType.get(type) })]);
    return {
      issuesDetected: this.#sum('detected'),
      issuesResolved: resolved,
      issuesFailed: failed,
      issuesRelapsed: this.#relapsed,
      lastCheck: Number.isNaN(this.#lastCheck) ? undefined : new Date(this.#lastCheck),
      successRate: resolved + failed === 0 ? 1 : Math.max(0, resolved - this.#relapsed) / (resolved + failed),
      byType: Object.freeze(Object.fromEntries(byType)) as Metrics['byType'],
      detectionTimeMs: this.#detection.read(),
      resolutionTimeMs: this.#resolution.read(),
    };
  }
}
