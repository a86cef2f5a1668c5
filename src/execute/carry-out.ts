import type { ActionDefinition } from '../actions/define.js';
import type { HealingAction, Plan } from '../model/plan.js';
import { runAct } from './run-act.js';
import type { OnLine } from './run-plan.js';
import type { StartProgram } from './start-program.js';
import type { Execution, StepReport } from '../model/execution.js';

/** How the further plans of an act are made, and judged. */
export interface CarryOutParts {
  readonly definition: ActionDefinition | undefined;
  /** Makes a plan of an action as it is now. */
  readonly planOf: (
    action: HealingAction,
    signal: AbortSignal,
    earlier?: readonly StepReport[],
  ) => Promise<Plan>;
  /** Whether every gate lets a further plan pass. */
  readonly admits: (plan: Plan) => boolean | Promise<boolean>;
  readonly onLine?: OnLine;
  /** Starts the commands. Default: with execa. */
  readonly start?: StartProgram;
  readonly signal: AbortSignal;
}

/** Carries out a plan that has been judged, its further runs, and what takes a half-done act back. */
export function carryOut(
  plan: Plan,
  action: HealingAction,
  { definition, planOf, admits, onLine, start, signal }: CarryOutParts,
): Promise<Pick<Execution, 'outcome' | 'error' | 'steps'>> {
  const admitted = async (next: Plan): Promise<Plan | undefined> => ((await admits(next)) ? next : undefined);
  const { runs = 1, timeoutMs = 0 } = definition ?? {};
  return runAct(plan, {
    ...{ runs, timeoutMs, signal, start },
    ...(onLine ? { onLine } : {}),
    again: async (earlier) => admitted(await planOf(action, signal, earlier)),
    restore: async (taken) => {
      const back = await planOf(taken, new AbortController().signal);
      const { reason, sentence = '' } = back.refusal ?? {};
      if (reason !== undefined && reason !== 'no-expected-gain') throw new Error(sentence);
      return admitted(back);
    },
  });
}
