import { BLOCK_REASONS, type Block, type BlockReason } from '../model/plan.js';
import { firstGate, PACING_GATES, type GateInput } from './pacing.js';
import { judgeSafety, type Policy } from './safety.js';

/** What is known only when an issue's turn comes. */
export type LateGateInput = Partial<Pick<GateInput, 'before' | 'busy'>>;

/** What a decision rests on, the safety gates included. */
export interface DecisionInput extends GateInput {
  readonly policy: Policy;
  /** Whether a person approved this very plan. */
  readonly approved?: boolean | undefined;
  /** An act on the component that is under way, or was interrupted. */
  readonly inFlight?: string | undefined;
  /** Who holds the state, which this engine needs in order to act. */
  readonly lockedBy?: string | undefined;
}

const order = (reason: BlockReason): number => BLOCK_REASONS.indexOf(reason);

/**
 * Whether to act: the first gate that stands in the way, in the order of `BLOCK_REASONS`, or nothing. Pure.
 */
export function decide(question: DecisionInput): Block | undefined {
  const { plan, policy, approved, lockedBy, inFlight } = question;
  const safety = judgeSafety(plan, policy, { approved, lockedBy, inFlight });
  const pacing = firstGate<GateInput>(PACING_GATES, question);
  if (safety === undefined || pacing === undefined) return safety ?? pacing;
  return order(safety.reason) < order(pacing.reason) ? safety : pacing;
}
