import type { Issue } from './issue.js';
import type { BlockReason, Plan } from './plan.js';

/** One rung of the ladder that was tried or skipped in a cycle. */
export interface Attempt {
  readonly action: string;
  readonly outcome: Outcome;
  readonly error?: string;
  readonly blockedBy?: BlockReason;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** Fields of every result. */
export interface ResultBase {
  /** Id of the repair. The result of a `pending` repair is emitted later under the same id. */
  readonly id: string;
  readonly issue: Issue;
  /** Last action that was tried or planned; `none` when there was nothing to do. */
  readonly actionTaken: string;
  /** Plan of that action, if one was made. */
  readonly plan?: Plan;
  /** Total duration in milliseconds. */
  readonly durationMs: number;
  /** End time. */
  readonly timestamp: Date;
  readonly dryRun: boolean;
  /** Rungs of this cycle in order; the fields above describe the last one. */
  readonly attempts: readonly Attempt[];
}

/** A new reading after the repair shows that the problem is gone. */
export interface FixedResult extends ResultBase {
  readonly outcome: 'fixed';
  readonly success: true;
  readonly error?: undefined;
  readonly blockedBy?: undefined;
  /** Proof of the repair, as one sentence. */
  readonly proof: string;
}

/** Dry run: no gate blocked the repair; nothing was done. */
export interface PlannedResult extends ResultBase {
  readonly outcome: 'planned';
  readonly success: true;
  readonly error?: undefined;
  readonly blockedBy?: undefined;
  readonly plan: Plan;
}

/** The repair could not be executed or verified, or the problem persists. */
export interface UnsuccessfulResult extends ResultBase {
  readonly outcome: 'failed' | 'ineffective' | 'pending' | 'pending-reboot';
  readonly success: false;
  /** One sentence: the failure and, where possible, a remedy. */
  readonly error: string;
  readonly blockedBy?: undefined;
}

/** A gate blocked the repair; nothing was done. */
export interface SkippedResult extends ResultBase {
  readonly outcome: 'skipped';
  readonly success: false;
  readonly blockedBy: BlockReason;
  /** One sentence with the numbers. */
  readonly error: string;
}

/**
 * Result for one issue, a union on `outcome`: after `if (result.outcome === 'skipped')` TypeScript knows that
 * `blockedBy` is set.
 */
export type HealingResult = FixedResult | PlannedResult | UnsuccessfulResult | SkippedResult;

/** Outcome of a repair. */
export type Outcome = HealingResult['outcome'];
