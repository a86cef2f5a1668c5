import type { Block } from '../plan.js';
import type { Attempt, HealingResult } from '../result.js';
import type { Parts } from '../heal/parts.js';
import type { Prepared } from './choose.js';

/** How the turn of an issue ended. */
export type Ending =
  | { readonly outcome: 'fixed'; readonly proof: string }
  | { readonly outcome: 'planned' }
  | { readonly outcome: 'failed' | 'ineffective' | 'pending-reboot'; readonly error: string }
  | { readonly outcome: 'skipped'; readonly block: Block };

/** The last attempt of a turn. */
export function attemptOf(prepared: Prepared, ending: Ending, durationMs: number): Attempt {
  const { action } = prepared.action;
  switch (ending.outcome) {
    case 'fixed':
    case 'planned':
      return { action, outcome: ending.outcome, durationMs };
    case 'skipped': {
      const { reason, sentence } = ending.block;
      return { action, outcome: 'skipped', durationMs, blockedBy: reason, error: sentence };
    }
    default:
      return { action, outcome: ending.outcome, durationMs, error: ending.error };
  }
}

/** The result of an issue: plain, frozen data. */
export function resultOf(
  prepared: Prepared,
  ending: Ending,
  { clock, dryRun }: Parts,
  durationMs: number,
): HealingResult {
  const { issue, action, plan, attempts } = prepared;
  const base = {
    issue,
    actionTaken: action.action,
    durationMs,
    timestamp: new Date(clock.now()),
    dryRun,
    attempts: Object.freeze([...attempts, Object.freeze(attemptOf(prepared, ending, durationMs))]),
    ...(plan ? { plan } : {}),
  };
  switch (ending.outcome) {
    case 'fixed':
      return Object.freeze({ ...base, outcome: 'fixed', success: true, proof: ending.proof });
    case 'planned':
      return Object.freeze({ ...base, outcome: 'planned', success: true, plan: plan! });
    case 'skipped': {
      const { reason, sentence } = ending.block;
      return Object.freeze({
        ...base,
        outcome: 'skipped',
        success: false,
        blockedBy: reason,
        error: sentence,
      });
    }
    default: {
      const { outcome, error } = ending;
      return Object.freeze({ ...base, outcome, success: false, error });
    }
  }
}
