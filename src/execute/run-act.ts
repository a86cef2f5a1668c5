import { messageOf } from '../base/errors.js';
import type { HealingAction, Plan } from '../model/plan.js';
import { runPlan, type OnLine } from './run-plan.js';
import type { StartProgram } from './start-program.js';
import { stepText } from '../model/step-text.js';
import type { Execution, StepReport } from '../model/execution.js';

/** What carrying out an act takes besides its first plan. */
export interface ActParts {
  /** How many times at most its plan is made and carried out. */
  readonly runs: number;
  /** After this many milliseconds no further run is begun. */
  readonly timeoutMs: number;
  /** Makes the plan anew; `undefined` when there is nothing more to do, or a gate stands in the way. */
  readonly again: (earlier: readonly StepReport[]) => Promise<Plan | undefined>;
  /** Makes the plan that takes a half-done act back; `undefined` when there is nothing to take back. */
  readonly restore: (action: HealingAction) => Promise<Plan | undefined>;
  /** Hears what the commands print. */
  readonly onLine?: OnLine;
  /** Starts the commands. Default: with execa. */
  readonly start?: StartProgram | undefined;
  readonly signal: AbortSignal;
}

type Ended = Pick<Execution, 'outcome' | 'error' | 'steps'>;

/** Carries out a plan, and its further runs; what fails half way is taken back where the plan says how. */
export async function runAct(first: Plan, parts: ActParts): Promise<Ended> {
  const { runs, signal } = parts;
  const steps: StepReport[] = [];
  const end = performance.now() + parts.timeoutMs;
  let plan = first;
  for (let run = 1; ; run += 1) {
    const reports = await runPlan(plan, signal, parts.onLine, parts.start);
    steps.push(...reports);
    const failed = reports.find(({ ok, retried }) => !ok && !retried);
    if (failed) return takeBack(plan, { failed, done: reports.indexOf(failed), steps }, parts);
    const left = plan.steps[reports.length];
    if (left) return { outcome: 'failed', error: `Stopped before \`${stepText(left)}\` was begun`, steps };
    const goesOn = run < runs && !signal.aborted && performance.now() < end;
    const next = goesOn ? await parts.again(steps).catch(() => undefined) : undefined;
    if (next === undefined) return { outcome: 'executed', steps };
    plan = next;
  }
}

async function takeBack(
  { restore }: Plan,
  {
    failed,
    done,
    steps,
  }: { readonly failed: StepReport; readonly done: number; readonly steps: StepReport[] },
  parts: ActParts,
): Promise<Ended> {
  const error = failed.error ?? failed.step;
  const told = (words: string): Ended => ({ outcome: 'failed', error: `${error}${words}`, steps });
  if (restore === undefined || done === 0) return told('');
  try {
    const plan = await parts.restore(restore);
    // What takes back is not stopped half way.
    const reports =
      plan === undefined ? [] : await runPlan(plan, new AbortController().signal, undefined, parts.start);
    const stuck = reports.find(({ ok }) => !ok);
    return stuck
      ? told(`; what was done before could not be taken back: ${stuck.error ?? stuck.step}`)
      : told('; what was done before was taken back');
  } catch (problem) {
    return told(`; what was done before could not be taken back: ${messageOf(problem)}`);
  }
}
