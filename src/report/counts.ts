import { IssueType, type Issue } from '../model/issue.js';
import type { HealingResult } from '../model/result.js';
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
  /** The same counts for each of the three categories. */
  readonly byType: Readonly<Record<IssueType, TypeCounts>>;
  readonly detectionTimeMs: Timing;
  /** Of repairs that were carried out, their proof included. */
  readonly resolutionTimeMs: Timing;
}

/** Counts of one category of issues. */
export interface TypeCounts {
  /** Issues that opened. */
  readonly detected: number;
  /** Issues that a repair fixed. */
  readonly resolved: number;
  /** Repairs that failed, or did not help. */
  readonly failed: number;
}

const TYPES = Object.values(IssueType);

/** Counts for {@link Metrics}. */
export class Tally {
  readonly #detection = new Stopwatch();
  readonly #resolution = new Stopwatch();
  #relapsed = 0;
  readonly #byType = new Map(TYPES.map((type) => [type, { detected: 0, resolved: 0, failed: 0 }]));
  #lastCheck = NaN;

  /** A look at the whole host, ended at `at` (milliseconds since the epoch) and as long as told. */
  looked(at: number, ms: number): void {
    this.#lastCheck = at;
    this.#detection.add(ms);
  }

  /** When the whole host was looked at last, in milliseconds since the epoch; `NaN` before. */
  get lastLook(): number {
    return this.#lastCheck;
  }

  opened(issues: readonly Pick<Issue, 'type'>[]): void {
    for (const { type } of issues) this.#count(type, 'detected');
  }

  relapsed(): void {
    this.#relapsed += 1;
  }

  /** A skipped issue and a dry run count as neither resolved nor failed. */
  healed(result: HealingResult): void {
    const { outcome } = result;
    if (outcome === 'skipped' || outcome === 'planned') return;
    if (outcome === 'pending' || outcome === 'pending-reboot') return;
    this.#count(result.issue.type, outcome === 'fixed' ? 'resolved' : 'failed');
    this.#resolution.add(result.durationMs);
  }

  /** How often the looking, and the healing, took how long. */
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
