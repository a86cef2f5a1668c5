import type { BlockReason, Plan } from './plan.js';

/** What one step did. */
export interface StepReport {
  /** The command line, the file, or the name of the function: for the reader. */
  readonly step: string;
  readonly ok: boolean;
  /** Its condition did not hold, so it was not started. */
  readonly notNeeded?: true;
  /** It failed, and the conditional steps after it were carried out for that reason. */
  readonly retried?: true;
  /** What it printed, at most 64 KiB of each stream. */
  readonly output?: string;
  readonly error?: string;
  /** Milliseconds. */
  readonly durationMs: number;
}

/**
 * What came of carrying out an action. `executed` says that every step ended well, and nothing more: whether the
 * trouble is gone, the engine finds out by reading again.
 */
export interface Execution {
  readonly action: string;
  readonly outcome: 'executed' | 'planned' | 'skipped' | 'failed';
  /** `true` for `executed` and `planned`. */
  readonly success: boolean;
  readonly dryRun: boolean;
  readonly plan?: Plan;
  /** Which safety gate stood in the way, when skipped. */
  readonly blockedBy?: BlockReason;
  /** One sentence, when not successful. */
  readonly error?: string;
  /** One for each step that was started, and for each that was not needed. */
  readonly steps: readonly StepReport[];
  /** Milliseconds. */
  readonly durationMs: number;
}

/** Returns an execution: `success` follows from the outcome, and what is not given is false, empty or 0. */
export const executionOf = (
  action: string,
  fields: Pick<Execution, 'outcome'> & Partial<Omit<Execution, 'action' | 'success'>>,
): Execution =>
  Object.freeze({
    action,
    success: fields.outcome === 'executed' || fields.outcome === 'planned',
    dryRun: false,
    steps: [],
    durationMs: 0,
    ...fields,
  });
