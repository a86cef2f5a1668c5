import type { Issue } from './issue.js';
import type { BlockReason, Plan } from './plan.js';

/** One rung of the ladder that was tried, or passed over, in a cycle. */
export interface Attempt {
  readonly action: string;
  readonly outcome: Outcome;
  readonly error?: string;
  readonly blockedBy?: BlockReason;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** What every result tells. */
export interface ResultBase {
  /** Identifies the repair. The proof of a repair that was `pending` comes later, under the same id. */
  readonly id: string;
  readonly issue: Issue;
  /** Name of the last action that was tried or planned; `none` when there was nothing to do. */
  readonly actionTaken: string;
  /** The plan of that action, where one was made. */
  readonly plan?: Plan;
  /** How long it took in all, in milliseconds. */
  readonly durationMs: number;
  /** When it ended. */
  readonly timestamp: Date;
  readonly dryRun: boolean;
  /** Every rung of this cycle, in order; the last is what the fields above tell of. */
  readonly attempts: readonly Attempt[];
}

/** The trouble is gone, as read again after the repair. */
export interface FixedResult extends ResultBase {
  readonly outcome: 'fixed';
  readonly success: true;
  readonly error?: undefined;
  readonly blockedBy?: undefined;
  /** What the proof was, as one sentence. */
  readonly proof: string;
}

/** A dry run: nothing stood in the way, nothing was done. */
export interface PlannedResult extends ResultBase {
  readonly outcome: 'planned';
  readonly success: true;
  readonly error?: undefined;
  readonly blockedBy?: undefined;
  readonly plan: Plan;
}

/** The repair could not be carried out or not be verified, or it was carried out and the trouble is still there. */
export interface UnsuccessfulResult extends ResultBase {
  readonly outcome: 'failed' | 'ineffective' | 'pending' | 'pending-reboot';
  readonly success: false;
  /** One sentence: what went wrong, and what a person can do where there is something. */
  readonly error: string;
  readonly blockedBy?: undefined;
}

/** A gate stood in the way; nothing was done. */
export interface SkippedResult extends ResultBase {
  readonly outcome: 'skipped';
  readonly success: false;
  /** Which gate. */
  readonly blockedBy: BlockReason;
  /** One sentence with the numbers. */
  readonly error: string;
}

/**
 * What became of one issue. A union on `outcome`: after `if (result.outcome === 'skipped')` the compiler knows
 * that `blockedBy` is there.
 */
export type HealingResult = FixedResult | PlannedResult | UnsuccessfulResult | SkippedResult;

/** What can become of an issue. */
export type Outcome = HealingResult['outcome'];
