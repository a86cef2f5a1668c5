import type { Verification } from '../actions/define.js';
import { messageOf } from '../errors.js';
import type { Execution } from '../execute/executor.js';
import { approvalOf, digestOf } from '../guard/approvals.js';
import type { Block, Plan } from '../plan.js';
import type { HealingResult } from '../result.js';
import { lookAgain } from '../detect/look-again.js';
import type { Parts } from '../heal/parts.js';
import { climb, judge, type Prepared } from './choose.js';
import { writeEnd, writeIntent, writeMisfire } from './record.js';
import { attemptOf, resultOf, type Ending } from './result.js';
import { isWorse, verify, type Repair } from './prove.js';

/** What is known of the moment when an issue's turn comes. */
export interface Turn {
  /** A worse trouble that is being healed, or a load that leaves no room. */
  readonly busy?: string | undefined;
  readonly signal: AbortSignal;
}

/** Stands in the way of whatever has not been begun when the engine is told to stop. */
const STOPPED: Block = {
  reason: 'paused',
  sentence: 'The engine was told to stop before this was begun',
};

/** Takes a prepared issue to its result: reads again, acts, lets it settle, proves, records. Never rejects. */
export async function heal(prepared: Prepared, parts: Parts, turn: Turn): Promise<HealingResult> {
  const start = parts.clock.monotonic();
  const passed = (): number => parts.clock.monotonic() - start;
  try {
    const { last, ending } = await rungs(prepared, parts, turn);
    return resultOf(last, ending, parts, passed());
  } catch (error) {
    return resultOf(prepared, { outcome: 'failed', error: messageOf(error) }, parts, passed());
  }
}

interface Ended {
  readonly last: Prepared;
  readonly ending: Ending;
}

/** One rung; and at once the next, when this one made it worse. */
async function rungs(waiting: Prepared, parts: Parts, turn: Turn): Promise<Ended> {
  const start = parts.clock.monotonic();
  const prepared = await planAgain(waiting, parts, turn.signal);
  const { ending, worse } = await oneRung(prepared, parts, turn);
  if (!worse) return { last: prepared, ending };
  const { issue, rung, action, attempts } = prepared;
  const attempt = attemptOf(prepared, ending, parts.clock.monotonic() - start);
  const further = { issue, rung: rung + 1, attempts: [...attempts, attempt], met: [action] };
  const next = await climb(further, parts, turn.signal);
  // A rung of another scope has a line of its own: it is for the next cycle.
  if (next === undefined || next.plan?.scope !== prepared.plan?.scope) return { last: prepared, ending };
  return rungs(next, parts, turn);
}

/** Its turn may have come long after it was planned: its targets are judged as they are now. */
async function planAgain(prepared: Prepared, parts: Parts, signal: AbortSignal): Promise<Prepared> {
  const { action, plan, block } = prepared;
  if (plan === undefined || block !== undefined || parts.dryRun || signal.aborted) return prepared;
  try {
    const fresh = await parts.executor.plan(action, { signal });
    return { ...prepared, plan: fresh, digest: digestOf(fresh) };
  } catch (error) {
    return { ...prepared, error: messageOf(error) };
  }
}

async function oneRung(
  prepared: Prepared,
  parts: Parts,
  turn: Turn,
): Promise<{ readonly ending: Ending; readonly worse?: boolean }> {
  const { issue, plan, digest, block, error } = prepared;
  const skipped = (block: Block) => ({ ending: { outcome: 'skipped', block } as const });
  if (turn.signal.aborted) return skipped(STOPPED);
  if (block) return skipped(block);
  if (error !== undefined) return { ending: await misfire(prepared, error, parts) };
  if (plan === undefined || digest === undefined) throw new Error(`No plan was made for ${issue.component}`);

  const before = await lookAgain(issue, parts.detector, turn.signal);
  if (turn.signal.aborted) return skipped(STOPPED);
  const inTheWay = judge(issue, { plan, digest }, parts, { before, busy: turn.busy });
  if (inTheWay) return skipped(inTheWay);
  parts.emit('heal:planned', { issue, plan });
  if (parts.dryRun) return { ending: { outcome: 'planned' } };

  // A "yes" is used up by the intent: it never serves twice, whatever happens next.
  const approved = approvalOf(parts.ledger.state, digest)?.answer === 'yes';
  const unwritten = await writeIntent(issue, plan, digest, parts);
  if (unwritten) return skipped(unwritten);
  parts.emit('heal:started', { issue, plan });
  return carryOut(prepared, { issue, plan, before }, approved, parts, turn.signal);
}

/** What could not even be planned counts as an attempt, so that it is not tried in every cycle for ever. */
async function misfire(prepared: Prepared, error: string, parts: Parts): Promise<Ending> {
  if (parts.dryRun) return { outcome: 'failed', error };
  return (await writeMisfire(prepared, error, parts)) ?? { outcome: 'failed', error };
}

async function carryOut(
  prepared: Prepared,
  repair: Repair,
  approved: boolean,
  parts: Parts,
  signal: AbortSignal,
): Promise<{ readonly ending: Ending; readonly worse: boolean }> {
  const execution = await execute(prepared, approved, parts, signal);
  if (execution.outcome === 'skipped') {
    const { blockedBy = 'unavailable', error = 'The executor did not act' } = execution;
    const block = { reason: blockedBy, sentence: error };
    await writeEnd(repair, { outcome: 'skipped', block }, {}, parts);
    return { ending: { outcome: 'skipped', block }, worse: false };
  }
  const begun = execution.outcome === 'executed' || execution.steps.length > 0;
  // Whatever the steps said: what counts is what is seen afterwards.
  const verification = begun ? await verify({ ...repair, steps: execution.steps }, parts, signal) : undefined;
  const ending: Ending = verification
    ? endingOf(execution, verification)
    : { outcome: 'failed', error: execution.error ?? 'The executor gave no reason' };
  if (begun && signal.aborted && repair.plan.generation)
    return { ending: leaveOpen(repair, parts), worse: false };
  const after = begun ? await lookAgain(repair.issue, parts.detector, signal) : undefined;
  const worse = verification?.worse ?? (ending.outcome === 'ineffective' && isWorse(repair.before, after));
  await writeEnd(repair, ending, { after, worse }, parts);
  if (worse) await undo(repair.plan, parts, signal);
  return { ending, worse };
}

/** A switch goes on without us, and may be what ends us: what came of it is looked at by whoever comes next. */
function leaveOpen({ issue, plan }: Repair, { begun }: Parts): Ending {
  begun.delete(issue.component);
  const error = `The engine was told to stop while \`${plan.action}\` was under way; what came of it is looked at next time`;
  return { outcome: 'failed', error };
}

async function execute(
  { action, issue }: Prepared,
  approved: boolean,
  parts: Parts,
  signal: AbortSignal,
): Promise<Execution> {
  try {
    const execution: unknown = await parts.executor.execute(action, { dryRun: false, signal, approved });
    const { outcome, steps } = (execution ?? {}) as Partial<Execution>;
    const known = outcome === 'executed' || outcome === 'failed' || outcome === 'skipped';
    if (known && Array.isArray(steps)) return execution as Execution;
    throw new TypeError('it gave no `outcome` and `steps`');
  } catch (error) {
    const words = `The executor broke while it was healing ${issue.component}: ${messageOf(error)}`;
    return {
      action: action.action,
      outcome: 'failed',
      success: false,
      dryRun: false,
      error: words,
      steps: [],
      durationMs: 0,
    };
  }
}

function endingOf(execution: Execution, { status, reason, worse = false }: Verification): Ending {
  if (status === 'fixed') return { outcome: 'fixed', proof: reason };
  if (status === 'pending-reboot') return { outcome: 'pending-reboot', error: reason };
  // Units that fail anew say more than the exit code of the switch that broke them.
  if (worse)
    return { outcome: 'ineffective', error: `The repair was carried out and made it worse: ${reason}` };
  if (execution.outcome === 'failed') return { outcome: 'failed', error: execution.error ?? reason };
  if (status === 'unknown')
    return { outcome: 'failed', error: `The repair could not be verified: ${reason}` };
  return { outcome: 'ineffective', error: `The repair was carried out and did not help: ${reason}` };
}

async function undo(plan: Plan, parts: Parts, signal: AbortSignal): Promise<void> {
  const { actions, logger, executor } = parts;
  const definition = await actions.find(plan.action);
  if (!definition?.undo) return;
  try {
    await definition.undo(definition.parse(plan.parameters), {
      signal,
      execute: (action) => executor.execute(action, { dryRun: false, signal, approved: true }),
    });
    logger.warn(`\`${plan.action}\` made it worse and was undone`);
  } catch (error) {
    logger.error(`\`${plan.action}\` made it worse and could not be undone: ${messageOf(error)}`);
  }
}
