import { isBuiltInCheck } from '../detect/check.js';
import { messageOf } from '../errors.js';
import { refuseDryRunIn } from '../execute/execute-options.js';
import { approvalOf, digestOf } from '../guard/approvals.js';
import { decide, type Moment } from '../guard/decide.js';
import { EARLY_GATES, firstGate } from '../guard/pacing.js';
import { recordOf } from '../guard/state.js';
import type { Issue } from '../issue.js';
import type { Block, HealingAction, Plan } from '../plan.js';
import type { Attempt } from '../result.js';
import type { Parts } from './parts.js';

/** An issue with what is to be done about it, or what stands in the way. Nothing has been done yet. */
export interface Prepared {
  readonly issue: Issue;
  readonly action: HealingAction;
  /** How many rungs were tried before this one. */
  readonly rung: number;
  readonly plan?: Plan;
  /** Fingerprint of the plan. */
  readonly digest?: string;
  readonly block?: Block;
  /** What went wrong in picking or planning. */
  readonly error?: string;
  /** Rungs of this cycle that were passed over, or tried and made it worse. */
  readonly attempts: readonly Attempt[];
}

const NONE: HealingAction = { action: 'none', parameters: {} };

/** Gates that a rung may fail and the next one still be tried in the same cycle. */
const PASSED_OVER: readonly string[] = ['unavailable', 'not-allowed', 'no-expected-gain'];

/** Picks the rung, plans it, and judges it. The first rung is the one after those that did not help before. */
export async function prepare(issue: Issue, parts: Parts, signal: AbortSignal): Promise<Prepared> {
  const { healingEnabled, ledger } = parts;
  const failures = recordOf(ledger.state, issue.component).failures;
  const rung = issue.attempt ?? failures;
  const early = firstGate(EARLY_GATES, { issue, healingEnabled, state: ledger.state });
  if (early) return { issue, action: NONE, rung, block: early, attempts: [] };
  const prepared = await climb({ issue, rung, attempts: [], met: [] }, parts, signal);
  return prepared ?? { issue, action: NONE, rung, error: 'The resolver gave no action', attempts: [] };
}

/** Where on the ladder of an issue one is. */
export interface Climb {
  readonly issue: Issue;
  readonly rung: number;
  readonly attempts: readonly Attempt[];
  /** Actions that were met on the way up. */
  readonly met: readonly HealingAction[];
}

/**
 * Goes up the ladder until a rung is not passed over. A ladder has ended where an action comes again: the last rung
 * repeats. Gives `undefined` when there is no further rung.
 */
export async function climb(
  { issue, rung, attempts, met }: Climb,
  parts: Parts,
  signal: AbortSignal,
): Promise<Prepared | undefined> {
  const here = await prepareRung(issue, rung, parts, signal);
  const { action, block } = here;
  if (met.some((other) => sameAction(other, action))) return undefined;
  const prepared = { ...here, issue, rung, attempts };
  if (!block || !PASSED_OVER.includes(block.reason)) return prepared;
  const passedOver: Attempt = {
    action: action.action,
    outcome: 'skipped',
    blockedBy: block.reason,
    error: block.sentence,
    durationMs: 0,
  };
  const further = { issue, rung: rung + 1, attempts: [...attempts, passedOver], met: [...met, action] };
  // Nothing above it: then this rung is what there is to tell of.
  return (await climb(further, parts, signal)) ?? prepared;
}

type Rung = Pick<Prepared, 'action' | 'plan' | 'digest' | 'block' | 'error'>;

async function prepareRung(issue: Issue, rung: number, parts: Parts, signal: AbortSignal): Promise<Rung> {
  let action: HealingAction;
  try {
    action = expectAction(parts.resolver.getAction({ ...issue, attempt: rung }));
  } catch (error) {
    return { action: NONE, error: `The resolver could not pick an action: ${messageOf(error)}` };
  }
  if (action.action === 'none') {
    const { component, check } = issue;
    const sentence =
      check === undefined || isBuiltInCheck(check) || issue.heals !== undefined
        ? `Nothing is known that would safely help ${component}; a person has to look`
        : `The check \`${check}\` has no \`heals\`, and the resolver picked nothing: ${component} is only reported`;
    return { action, block: { reason: 'no-action', sentence } };
  }
  try {
    const plan = await parts.executor.plan(action, { signal, dryRun: parts.dryRun });
    const digest = digestOf(plan);
    const block = judge(issue, { plan, digest }, parts, {});
    return { action, plan, digest, ...(block ? { block } : {}) };
  } catch (error) {
    return { action, error: messageOf(error) };
  }
}

/** Every gate, by what is known now. */
export function judge(
  issue: Issue,
  { plan, digest }: { readonly plan: Plan; readonly digest: string },
  parts: Parts,
  moment: Moment,
): Block | undefined {
  const { policy, guards, ledger, healingEnabled } = parts;
  const approved = approvalOf(ledger.state, digest)?.answer === 'yes';
  const now = ledger.now();
  const { state, lockedBy } = ledger;
  const inFlight = unsettled(issue, parts);
  const question = {
    issue,
    plan,
    policy,
    guards,
    state,
    now,
    healingEnabled,
    approved,
    lockedBy,
    inFlight,
    ...moment,
  };
  return decide(question);
}

/** An act on this component whose end an earlier run did not write down, and that nobody has looked at yet. */
function unsettled({ component }: Issue, { ledger, begun }: Parts): string | undefined {
  return ledger.state.intents.find((intent) => intent.component === component && !begun.has(component))
    ?.action;
}

/** What a resolver of a host program's own returns may be anything. */
function expectAction(action: unknown): HealingAction {
  const { action: name, parameters } = (action ?? {}) as Partial<HealingAction>;
  const complete =
    typeof name === 'string' && name !== '' && typeof parameters === 'object' && parameters !== null;
  if (complete) {
    refuseDryRunIn('getAction(issue)', action as object);
    return { action: name, parameters };
  }
  throw new TypeError('`getAction` must return `{ action, parameters }`, at once and not as a promise');
}

const sameAction = (one: HealingAction, other: HealingAction): boolean =>
  one.action === other.action && JSON.stringify(one.parameters) === JSON.stringify(other.parameters);
