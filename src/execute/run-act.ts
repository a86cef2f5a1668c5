import type { ActionDefinition } from '../actions/define.js';
import { messageOf } from '../base/errors.js';
import type { Execution, StepReport } from '../model/execution.js';
import type { HealingAction, Plan } from '../model/plan.js';
import { stepText } from '../model/step-text.js';
import { runPlan, type OnLine } from './run-plan.js';
import type { StartProgram } from './start-program.js';

export interface ActOptions {
  /** Limits of the runs. Default: one run. */
  readonly definition: Pick<ActionDefinition, 'runs' | 'timeoutMs'> | undefined;
  /** Plans an action by the present state of the host; `earlier` are the reports of the runs before. */
  readonly planOf: (
    action: HealingAction,
    signal: AbortSignal,
    earlier?: readonly StepReport[],
  ) => Promise<Plan>;
  /** Returns whether all gates allow a further plan. */
  readonly admits: (plan: Plan) => boolean | Promise<boolean>;
  readonly onLine?: OnLine;
  /** Starts the commands. Default: with execa. */
  readonly start?: StartProgram | undefined;
  readonly signal: AbortSignal;
}

type ActResult = Pick<Execution, 'outcome' | 'error' | 'steps' | 'blockedBy'>;

/**
 * Carries out a plan that has passed the gates, and its further runs. When a step fails after others have succeeded, the
 * act is undone if the plan has a `restore`.
 */
export async function runAct(first: Plan, action: HealingAction, options: ActOptions): Promise<ActResult> {
  const { definition, planOf, admits, signal } = options;
  const { runs = 1, timeoutMs = 0 } = definition ?? {};
  const steps: StepReport[] = [];
  const end = performance.now() + timeoutMs;
  const planAgain = async (): Promise<Plan | undefined> => {
    const next = await planOf(action, signal, steps);
    return (await admits(next)) ? next : undefined;
  };
  let plan = first;
  for (let run = 1; ; run += 1) {
    const reports = await runPlan(plan, signal, options.onLine, options.start);
    steps.push(...reports);
    const failed = reports.find(({ ok, retried }) => !ok && !retried);
    // Refused before anything changed, or after the plan itself took the change back.
    if (failed?.block && !reports.some(({ ok, block }) => !ok && !block)) {
      const { reason, sentence } = failed.block;
      return { outcome: 'skipped', blockedBy: reason, error: sentence, steps };
    }
    if (failed) {
      const undone = reports.indexOf(failed) === 0 ? '' : await restore(plan, options);
      return { outcome: 'failed', error: `${failed.error ?? failed.step}${undone}`, steps };
    }
    const left = plan.steps[reports.length];
    if (left) return { outcome: 'failed', error: `Stopped before \`${stepText(left)}\` was started`, steps };
    const goesOn = run < runs && !signal.aborted && performance.now() < end;
    const next = goesOn ? await planAgain().catch(() => undefined) : undefined;
    if (next === undefined) return { outcome: 'executed', steps };
    plan = next;
  }
}

/** Undoes an act that failed half way, without interruption. Returns the end of the sentence that reports it. */
async function restore({ restore: action }: Plan, { planOf, admits, start }: ActOptions): Promise<string> {
  if (action === undefined) return '';
  try {
    const { signal } = new AbortController();
    const plan = await planOf(action, signal);
    const { reason, sentence = '' } = plan.refusal ?? {};
    const isDone = reason === 'no-expected-gain';
    if (reason !== undefined && !isDone) throw new Error(sentence);
    if (!isDone && !(await admits(plan))) throw new Error('the safety gates do not allow it');
    const reports = isDone ? [] : await runPlan(plan, signal, undefined, start);
    const failed = reports.find(({ ok }) => !ok);
    if (failed) throw new Error(failed.error ?? failed.step);
    return '; the steps before it were undone';
  } catch (error) {
    return `; the steps before it could not be undone: ${messageOf(error)}`;
  }
}
