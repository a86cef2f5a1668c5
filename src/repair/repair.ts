import type { Severity } from '../model/issue.js';
import { lookAgain, worstVerdict } from '../detect/look-again.js';
import { messageOf } from '../base/errors.js';
import type { Block } from '../model/plan.js';
import type { HealingResult } from '../model/result.js';
import { climb, planAgain, type Choice, type ChoiceSources } from './choose.js';
import { actFor, carryOut, ranAnother, undoWorse, type CarriedOut } from './carry-out.js';
import type { EnginePorts } from './ports.js';
import { isWorse, prove, type Proved, type ProofSources, type Repair } from './prove.js';
import type { Recorder } from './record.js';
import { attemptOf, resultOf, type Ending } from './result.js';
import type { Execution } from '../model/execution.js';

/** Sources of a repair. */
export interface RepairSources
  extends ChoiceSources, ProofSources, Pick<EnginePorts, 'actions' | 'logger' | 'emit'> {
  readonly recorder: Recorder;
  readonly nextId: () => string;
  /** Returns the checks that opened the open issues of a component. */
  readonly openChecks: (component: string) => readonly string[];
  /** Called when an act starts. */
  readonly started: (component: string) => void;
}

/** Returns why a repair of this severity has to wait: a worse issue that is being repaired, or a high load. */
type Busy = (severity: Severity) => Promise<string | undefined>;

interface Rung {
  readonly choice: Choice;
  readonly ending: Ending;
  readonly worse?: boolean;
}

/** Block for repairs that have not started when the engine stops. */
const STOPPED: Block = { reason: 'paused', sentence: 'The engine was stopped before this repair started' };

/**
 * Takes a choice to its result: reads again, checks every gate, announces, records the intent, carries out, proves,
 * records the result. A rung that makes it worse is undone, and the next one follows at once. Never rejects.
 */
export async function repair(chosen: Choice, sources: RepairSources, busy: Busy): Promise<HealingResult> {
  const { clock, dryRun } = sources;
  const start = clock.monotonic();
  const id = sources.nextId();
  let choice = chosen;
  let ending: Ending;
  try {
    for (;;) {
      const rungStart = clock.monotonic();
      const rung = await repairOnce(choice, id, sources, busy);
      ({ choice, ending } = rung);
      if (!rung.worse) break;
      const next = await nextRung(rung, clock.monotonic() - rungStart, sources);
      if (next === undefined) break;
      choice = next;
    }
  } catch (error) {
    ending = { outcome: 'failed', error: messageOf(error) };
  }
  const durationMs = clock.monotonic() - start;
  return resultOf(choice, ending, { id, endedAt: clock.now(), durationMs, dryRun });
}

/** Age in milliseconds after which a plan is made again: the state of its units may have changed. */
const OLD_PLAN_MS = 250;

async function repairOnce(chosen: Choice, id: string, sources: RepairSources, busy: Busy): Promise<Rung> {
  const { judge, recorder, emit, detector, clock, signal } = sources;
  const { issue, block } = chosen;
  const { component, check } = issue;
  let choice = chosen;
  const skipped = (by: Block): Rung => ({ choice, ending: { outcome: 'skipped', block: by } });
  // Failed planning is an attempt, so that it is not repeated in every cycle.
  const misfired = async (error: string): Promise<Rung> => {
    const blocked = sources.dryRun ? undefined : await recorder.misfire(choice, error);
    return { choice, ending: blocked ?? { outcome: 'failed', error } };
  };
  if (signal.aborted) return skipped(STOPPED);
  if (block) return skipped(block);
  if (chosen.error !== undefined) return misfired(chosen.error);

  const began = clock.monotonic();
  const before = await lookAgain(detector, { component, check, signal });
  // Read after the component: the load may have risen while a slow check was answered.
  const worst = worstVerdict(before);
  const busyBecause = await busy(worst?.severity ?? issue.severity);
  if (signal.aborted) return skipped(STOPPED);
  // The host may have changed while a slow check was running.
  if (clock.monotonic() - began > OLD_PLAN_MS) choice = await planAgain(choice, sources);
  const { plan, digest, error } = choice;
  if (error !== undefined) return misfired(error);
  if (plan === undefined || digest === undefined) throw new Error(`No plan was made for ${component}`);
  const blockedNow = judge.all(issue, { plan, digest }, { before: worst, busy: busyBecause });
  if (blockedNow) return skipped(blockedNow);
  if (!sources.dryRun || sources.plans?.isNew(issue, digest) !== false) emit('heal:planned', { issue, plan });
  if (sources.dryRun) {
    judge.rehearse(issue, plan);
    return { choice, ending: { outcome: 'planned' } };
  }

  // Recording the intent uses the approval up.
  const approved = judge.isApproved(issue, digest);
  const repair: Repair = { id, issue, plan, before, openChecks: sources.openChecks(component) };
  const unwritten = await recorder.intent(repair, digest);
  if (unwritten) return skipped(unwritten);
  // The state may have changed during the write.
  const late = judge.late(issue);
  if (late) {
    await recorder.end(repair, { outcome: 'skipped', block: late });
    return skipped(late);
  }
  sources.started(component);
  emit('heal:started', { issue, plan });
  const about = actFor(issue, sources);
  const execution = await carryOut(choice.action, plan, about, sources.executor, { approved, signal });
  if (execution.outcome === 'skipped') {
    const { blockedBy: reason = 'unavailable', error: sentence = 'The executor did not act' } = execution;
    const refused = skipped({ reason, sentence });
    await recorder.end(repair, refused.ending);
    return refused;
  }
  return conclude(choice, repair, execution, sources);
}

/** Proves a repair and records its result, by readings after the act and not by its exit status. */
async function conclude(
  choice: Choice,
  repair: Repair,
  execution: CarriedOut,
  sources: RepairSources,
): Promise<Rung> {
  const { recorder, actions } = sources;
  const begun = execution.outcome === 'executed' || execution.steps.length > 0 || execution.isUnanswered;
  if (!begun) {
    const error = execution.error ?? 'The executor returned no reason';
    const ending: Ending = { outcome: 'failed', error };
    await recorder.end(repair, ending);
    return { choice, ending };
  }
  const definition = await actions.find(repair.plan.action);
  const proved = await prove(repair, definition, execution.steps, sources);
  if (sources.signal.aborted && repair.plan.generation) {
    recorder.leaveOpen(repair.issue);
    const error = `The engine was stopped while \`${repair.plan.action}\` was running; the next cycle verifies the result`;
    return { choice, ending: { outcome: 'failed', error } };
  }
  const ending = endingOf(execution, proved, repair);
  const worse =
    proved.worse ??
    (ending.outcome === 'ineffective' && isWorse(worstVerdict(repair.before), worstVerdict(proved.after)));
  await recorder.end(repair, ending, { after: proved.after, worse });
  if (worse) await undoWorse(repair, definition, sources);
  return { choice, ending, worse };
}

/** Returns the next rung if it has the same scope: other scopes have other slots, so they wait for the next cycle. */
async function nextRung(
  { choice, ending }: Rung,
  durationMs: number,
  sources: RepairSources,
): Promise<Choice | undefined> {
  const attempts = [...choice.attempts, attemptOf(choice, ending, durationMs)];
  const from = { rung: choice.rung + 1, attempts, met: attempts.map(() => choice.action) };
  const next = sources.signal.aborted ? undefined : await climb(choice.issue, from, sources);
  return next?.plan?.scope === choice.plan?.scope ? next : undefined;
}

function endingOf(execution: Execution, { status, reason, worse = false }: Proved, { plan }: Repair): Ending {
  if (ranAnother(execution, plan)) return { outcome: 'failed', error: execution.error ?? reason };
  if (status === 'fixed') return { outcome: 'fixed', proof: reason };
  if (status === 'pending' || status === 'pending-reboot') return { outcome: status, error: reason };
  // Units that fail now matter more than the exit status of the switch.
  if (worse) return { outcome: 'ineffective', error: `The repair made it worse: ${reason}` };
  if (execution.outcome === 'failed') return { outcome: 'failed', error: execution.error ?? reason };
  if (status === 'unknown')
    return { outcome: 'failed', error: `The repair could not be verified: ${reason}` };
  return { outcome: 'ineffective', error: `The repair did not help: ${reason}` };
}
