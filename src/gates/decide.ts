import { BLOCK_REASONS, type Block, type BlockReason } from '../model/plan.js';
import { firstGate, PACING_GATES, type GateInput } from './pacing.js';
import { judgeSafety, type Policy, type SafetyInput } from './safety.js';

/** Inputs that are only known just before acting. */
export type LateGateInput = Partial<Pick<GateInput, 'before' | 'busy'>>;

export interface DecisionInput extends GateInput, SafetyInput {
  readonly policy: Policy;
}

const order = (reason: BlockReason): number => BLOCK_REASONS.indexOf(reason);

/** Returns the first gate that blocks the plan, in the order of `BLOCK_REASONS`, if any. Pure. */
export function decide(input: DecisionInput): Block | undefined {
  const safety = judgeSafety(input.plan, input.policy, input);
  const pacing = firstGate<GateInput>(PACING_GATES, input);
  if (safety === undefined || pacing === undefined) return safety ?? pacing;
  return order(safety.reason) < order(pacing.reason) ? safety : pacing;
}
