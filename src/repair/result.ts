import type { Block } from '../model/plan.js';
import type { Attempt, HealingResult } from '../model/result.js';
import type { Choice } from './choose.js';

/** End of the repair of an issue. */
export type Ending =
  | { readonly outcome: 'fixed'; readonly proof: string }
  | { readonly outcome: 'planned' }
  | { readonly outcome: 'failed' | 'ineffective' | 'pending' | 'pending-reboot'; readonly error: string }
  | { readonly outcome: 'skipped'; readonly block: Block };

/** Returns the last attempt of a repair. */
export function attemptOf({ action: { action } }: Choice, ending: Ending, durationMs: number): Attempt {
  const attempt = { action, outcome: ending.outcome, durationMs };
  if (ending.outcome === 'skipped')
    return { ...attempt, blockedBy: ending.block.reason, error: ending.block.sentence };
  return 'error' in ending ? { ...attempt, error: ending.error } : attempt;
}

/** Returns the result of an issue. `endedAt` is in milliseconds since the epoch. */
export function resultOf(
  choice: Choice,
  ending: Ending,
  facts: Pick<HealingResult, 'id' | 'durationMs' | 'dryRun'> & { readonly endedAt: number },
): HealingResult {
  const { issue, action, plan, attempts } = choice;
  const { id, endedAt, durationMs, dryRun } = facts;
  const base = {
    ...{ id, issue, actionTaken: action.action, durationMs, timestamp: new Date(endedAt), dryRun },
    attempts: Object.freeze([...attempts, Object.freeze(attemptOf(choice, ending, durationMs))]),
    ...(plan ? { plan } : {}),
  };
  switch (ending.outcome) {
    case 'fixed':
      return Object.freeze({ ...base, outcome: 'fixed', success: true, proof: ending.proof });
    case 'planned':
      return Object.freeze({ ...base, outcome: 'planned', success: true, plan: plan! });
    case 'skipped': {
      const { reason: blockedBy, sentence: error } = ending.block;
      return Object.freeze({ ...base, outcome: 'skipped', success: false, blockedBy, error });
    }
    default: {
      const { outcome, error } = ending;
      return Object.freeze({ ...base, outcome, success: false, error });
    }
  }
}

/** Returns the later result of a repair that was `pending`, with the same id. */
export function laterResult(
  { id, issue, actionTaken, plan, attempts, dryRun, durationMs, timestamp }: HealingResult,
  outcome: 'fixed' | 'failed',
  words: string,
  endedAt: number,
): HealingResult {
  const action = { action: attempts.at(-1)?.action ?? actionTaken, parameters: {} };
  const earlier = { issue, action, rung: 0, attempts: attempts.slice(0, -1), ...(plan ? { plan } : {}) };
  const ending: Ending = outcome === 'fixed' ? { outcome, proof: words } : { outcome, error: words };
  const facts = { id, endedAt, dryRun, durationMs: durationMs + endedAt - timestamp.getTime() };
  return resultOf(earlier, ending, facts);
}
