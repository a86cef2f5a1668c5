import { verifyByCheck, type Verification } from '../actions/define.js';
import { messageOf } from '../errors.js';
import type { Execution } from '../execute/executor.js';
import { IssueType, type ComponentVerdict, type Issue } from '../issue.js';
import type { Block, Plan } from '../plan.js';
import type { HealingResult, Outcome } from '../result.js';
import { lookAgain } from './look.js';
import type { Parts } from './parts.js';
import type { Prepared } from './prepare.js';

/** What is known of the moment when an issue's turn comes. */
export interface Moment {
  /** A gate that stands in the way because of other issues. */
  readonly block?: Block | undefined;
  readonly signal: AbortSignal;
}

type Ending =
  | { readonly outcome: 'fixed'; readonly proof: string }
  | { readonly outcome: 'planned' }
  | { readonly outcome: 'failed' | 'ineffective'; readonly error: string }
  | { readonly outcome: 'skipped'; readonly block: Block };

/** Takes a prepared issue through to its result: reads again, acts, lets it settle, proves. Never rejects. */
export async function heal(prepared: Prepared, parts: Parts, moment: Moment): Promise<HealingResult> {
  const start = parts.clock.monotonic();
  const ending = await endingOf(prepared, parts, moment).catch((error: unknown): Ending => ({
    outcome: 'failed',
    error: messageOf(error),
  }));
  return resultOf(prepared, ending, parts, parts.clock.monotonic() - start);
}

async function endingOf(prepared: Prepared, parts: Parts, moment: Moment): Promise<Ending> {
  const { issue, plan } = prepared;
  if (prepared.error !== undefined) return { outcome: 'failed', error: prepared.error };
  if (prepared.block) return { outcome: 'skipped', block: prepared.block };
  if (plan === undefined) return { outcome: 'failed', error: `No plan was made for ${issue.component}` };

  const before = await lookAgain(issue, parts.detector, moment.signal);
  const block = readingInTheWay(before) ?? moment.block;
  if (block) return { outcome: 'skipped', block };
  parts.emit('heal:planned', { issue, plan });
  if (parts.dryRun) return { outcome: 'planned' };

  if (moment.signal.aborted) return { outcome: 'skipped', block: STOPPED };
  parts.emit('heal:started', { issue, plan });
  const execution = await execute(prepared, parts, moment.signal);
  if (execution.outcome === 'skipped') {
    const { blockedBy = 'unavailable', error = 'The executor did not act' } = execution;
    return { outcome: 'skipped', block: { reason: blockedBy, sentence: error } };
  }
  if (execution.outcome === 'failed' && execution.steps.length === 0) {
    return { outcome: 'failed', error: execution.error ?? 'The executor gave no reason' };
  }
  // Whatever the steps said: what counts is what is seen afterwards.
  return judge(execution, await verify({ issue, plan, before, parts, signal: moment.signal }));
}

/** Stands in the way of whatever has not been started when the engine is told to stop. */
export const STOPPED: Block = {
  reason: 'paused',
  sentence: 'The engine was told to stop before this was begun',
};

function readingInTheWay(before: ComponentVerdict | undefined): Block | undefined {
  if (before?.status === 'ok')
    return { reason: 'already-healthy', sentence: `Read again, it is well: ${before.reason}` };
  if (before?.status === 'unknown') {
    return { reason: 'reading-unknown', sentence: `Read again, its state is not known: ${before.reason}` };
  }
  return undefined;
}

async function execute({ action }: Prepared, { executor }: Parts, signal: AbortSignal): Promise<Execution> {
  const execution: unknown = await executor.execute(action, { dryRun: false, signal });
  const { outcome, steps } = (execution ?? {}) as Partial<Execution>;
  const known = outcome === 'executed' || outcome === 'failed' || outcome === 'skipped';
  if (known && Array.isArray(steps)) return execution as Execution;
  throw new TypeError('The executor gave no valid answer: expected an `outcome` and `steps`');
}

interface Proof {
  readonly issue: Issue;
  readonly plan: Plan;
  readonly before: ComponentVerdict | undefined;
  readonly parts: Parts;
  readonly signal: AbortSignal;
}

async function verify({ issue, plan, before, parts, signal }: Proof): Promise<Verification> {
  const definition = parts.actions.get(plan.action);
  const context = {
    issue,
    plan,
    before,
    inspect: () => lookAgain(issue, parts.detector, signal),
    read: async (request: Parameters<Parts['host']['read']>[0]) => parts.host.read({ ...request, signal }),
    settle: () => parts.clock.sleep(definition?.settleMs ?? settleMs(issue, parts), signal),
    signal,
  };
  try {
    if (definition === undefined) return await verifyByCheck({}, context);
    return await definition.verify(definition.parse(plan.parameters), context);
  } catch (error) {
    return { status: 'unknown', reason: signal.aborted ? 'the engine was stopped' : messageOf(error) };
  }
}

function settleMs({ type, component }: Issue, { guards }: Parts): number {
  if (type === IssueType.SERVICE) return guards.settleMs.service;
  if (component === 'memory' || component === 'cpu' || component === 'system')
    return guards.settleMs[component];
  return guards.settleMs.others;
}

function judge(execution: Execution, { status, reason }: Verification): Ending {
  if (status === 'fixed') return { outcome: 'fixed', proof: reason };
  if (execution.outcome === 'failed') return { outcome: 'failed', error: execution.error ?? reason };
  if (status === 'unknown')
    return { outcome: 'failed', error: `The repair could not be verified: ${reason}` };
  return { outcome: 'ineffective', error: `The repair was carried out and did not help: ${reason}` };
}

function resultOf(prepared: Prepared, ending: Ending, parts: Parts, durationMs: number): HealingResult {
  const { issue, action, plan, passedOver } = prepared;
  const attempt = (outcome: Outcome, rest: object = {}) =>
    Object.freeze([...passedOver, { action: action.action, outcome, durationMs, ...rest }]);
  const base = {
    issue,
    actionTaken: action.action,
    durationMs,
    timestamp: new Date(parts.clock.now()),
    dryRun: parts.dryRun,
    ...(plan ? { plan } : {}),
  };
  switch (ending.outcome) {
    case 'fixed':
      return Object.freeze({
        ...base,
        outcome: 'fixed',
        success: true,
        proof: ending.proof,
        attempts: attempt('fixed'),
      });
    case 'planned':
      return Object.freeze({
        ...base,
        outcome: 'planned',
        success: true,
        plan: plan!,
        attempts: attempt('planned'),
      });
    case 'skipped': {
      const { reason: blockedBy, sentence: error } = ending.block;
      const attempts = attempt('skipped', { blockedBy, error });
      return Object.freeze({ ...base, outcome: 'skipped', success: false, blockedBy, error, attempts });
    }
    default: {
      const { outcome, error } = ending;
      return Object.freeze({
        ...base,
        outcome,
        success: false,
        error,
        attempts: attempt(outcome, { error }),
      });
    }
  }
}
