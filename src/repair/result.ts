import type { Block } from '../model/plan.js';
import type { Attempt, HealingResult } from '../model/result.js';
import type { Choice } from './choose.js';

/** End of the repair of an issue. */
export type Ending =
  | { readonly outcome: 'fixed'; readonly proof: string }
  | { readonly outcome: 'planned' }
  | { readonly outcome: 'failed' | 'ineffective' | 'pending' | 'pending-reboot'; readonly error: string }
  | { readonly outcome: 'skipped'; readonly block: Block };

/** Further fields of a result. */
export interface ResultFields {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
  readonly durationMs: number;
  readonly dryRun: boolean;
}

/** Returns the last attempt of a repair. */
export function attemptOf({ action: { action } }: Choice, ending: Ending, durationMs: number): Attempt {
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

/** Returns the result of an issue. */
export function resultOf(choice: Choice, ending: Ending, facts: ResultFields): HealingResult {
  const { issue, action, plan, attempts } = choice;
  const { id, endedAt, durationMs, dryRun } = facts;
  const base = {
    id,
    issue,
    actionTaken: action.action,
    durationMs,
    timestamp: new Date(endedAt),
    dryRun,
    attempts: Object.freeze([...attempts, Object.freeze(attemptOf(choice, ending, durationMs))]),
    ...(plan ? { plan } : {}),
  };
  switch (ending.outcome) {
    case 'fixed':
      return Object.freeze({ ...base, outcome: 'fixed', success: true, proof: ending.proof });
    case 'planned':
      return Object.freeze({ ...base, outcome: 'planned', success: true, plan: plan! });
    case 'skipped': {
      const { reason, sentence } = ending.block;
      const blocked = { blockedBy: reason, error: sentence } as const;
      return Object.freeze({ ...base, outcome: 'skipped', success: false, ...blocked });
    }
    default: {
      const { outcome, error } = ending;
      return Object.freeze({ ...base, outcome, success: false, error });
    }
  }
}

/** Returns the later result of a repair that was `pending`, with the same id. */
export function laterResult(
  pending: HealingResult,
  outcome: 'fixed' | 'failed',
  words: string,
  endedAt: number,
): HealingResult {
  const { timestamp, attempts, plan, blockedBy: _blockedBy, error: _error, ...rest } = pending;
  const durationMs = pending.durationMs + (endedAt - timestamp.getTime());
  const [last] = attempts.slice(-1);
  const attempt = {
    ...{ action: last?.action ?? pending.actionTaken, outcome, durationMs },
    ...(outcome === 'failed' ? { error: words } : {}),
  };
  const base = {
    ...rest,
    ...(plan ? { plan } : {}),
    ...{ durationMs, timestamp: new Date(endedAt), attempts: [...attempts.slice(0, -1), attempt] },
  };
  return outcome === 'fixed'
    ? Object.freeze({ ...base, outcome, success: true, proof: words })
    : Object.freeze({ ...base, outcome, success: false, error: words });
}
