import { BLOCK_REASONS, type Block, type BlockReason } from '../model/plan.js';
import { firstGate, PACING_GATES, type GateInput } from './pacing.js';
import { judgeSafety, type Policy } from './safety.js';

/** Inputs that are only known just before acting. */
export type LateGateInput = Partial<Pick<GateInput, 'before' | 'busy'>>;

/** Input of all gates, including the safety gates. */
export interface DecisionInput extends GateInput {
  readonly policy: Policy;
  /** `true` if this exact plan was approved. */
  readonly approved?: boolean | undefined;
  /** Action on the component that is running or was interrupted. */
  readonly inFlight?: string | undefined;
  /** Why this engine does not hold the state, as one sentence. */
  readonly lockedBy?: string | undefined;
}

const order = (reason: BlockReason): number => BLOCK_REASONS.indexOf(reason);

/** Returns the first gate that blocks the plan, in the order of `BLOCK_REASONS`, if any. Pure. */
export function decide(input: DecisionInput): Block | undefined {
  const { plan, policy, approved, lockedBy, inFlight } = input;
  const safety = judgeSafety(plan, policy, { approved, lockedBy, inFlight });
  const pacing = firstGate<GateInput>(PACING_GATES, input);
  if (safety === undefined || pacing === undefined) return safety ?? pacing;
  return order(safety.reason) < order(pacing.reason) ? safety : pacing;
}
