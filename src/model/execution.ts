import type { Block, BlockReason, Plan } from './plan.js';

/** Result of one step. */
export interface StepReport {
  /** Command line, file or function name. */
  readonly step: string;
  readonly ok: boolean;
  /** Its condition did not hold, so it was not started. */
  readonly notNeeded?: true;
  /** It failed, so the conditional steps after it ran. */
  readonly retried?: true;
  /** Output, at most 64 KiB of each stream. */
  readonly output?: string;
  readonly error?: string;
  /** Gate that refused it before it changed anything. */
  readonly block?: Block;
  /** Milliseconds. */
  readonly durationMs: number;
}

/**
 * Result of executing an action. `executed` means only that every step succeeded; whether the issue is gone is decided
 * by a new reading.
 */
export interface Execution {
  readonly action: string;
  readonly outcome: 'executed' | 'planned' | 'skipped' | 'failed';
  /** `true` for `executed` and `planned`. */
  readonly success: boolean;
  readonly dryRun: boolean;
  readonly plan?: Plan;
  /** Safety gate that blocked it, when skipped. */
  readonly blockedBy?: BlockReason;
  /** One sentence, when not successful. */
  readonly error?: string;
  /** Steps that were started or not needed. */
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
