import { parametersOf, type ActionDefinition } from '../actions/define.js';
import { isSelfHealingError, messageOf } from '../base/errors.js';
import type { Executor } from '../execute/executor.js';
import { digestOf } from '../memory/approvals.js';
import type { Issue } from '../model/issue.js';
import type { HealingAction, Plan } from '../model/plan.js';
import { DEADLINES } from '../base/deadlines.js';
import { within } from '../base/within.js';
import { span } from '../base/format.js';
import type { EnginePorts } from './ports.js';
import type { Repair } from './prove.js';
import { executionOf, type Execution } from '../model/execution.js';

/** Component of an act, and the function that announces each plan before it runs. */
export interface ActFor {
  readonly component: string;
  readonly announce: (plan: Plan) => void;
}

/** The act of a repair. */
export const actFor = (issue: Issue, { emit }: Pick<EnginePorts, 'emit'>): ActFor => ({
  component: issue.component,
  announce: (plan) => emit('heal:planned', { issue, plan }),
});

/** An execution; `isUnanswered` when the executor missed its deadline, so that its steps may still run. */
export type CarriedOut = Execution & { readonly isUnanswered?: boolean };

/**
 * Carries out exactly the plan that was announced. Further plans of the same act (a second collection, an undo) are
 * announced before they run. Never rejects.
 */
export async function carryOut(
  action: HealingAction,
  plan: Plan,
  { component, announce }: ActFor,
  executor: Executor,
  options: { readonly approved: boolean; readonly signal: AbortSignal },
): Promise<CarriedOut> {
  try {
    const execution: unknown = await executor.execute(action, {
      ...{ ...options, dryRun: false, plan, onPlan: announce },
    });
    return expectExecution(execution, plan);
  } catch (error) {
    const sentence = `The executor failed while it was repairing ${component}: ${messageOf(error)}`;
    const isUnanswered = isSelfHealingError(error) && error.code === 'timeout';
    return { ...failed(action, sentence), isUnanswered };
  }
}

/** Undoes a repair that made things worse, if its action has an `undo`. */
export async function undoWorse(
  { issue, plan }: Repair,
  definition: ActionDefinition | undefined,
  sources: Pick<EnginePorts, 'executor' | 'logger' | 'clock' | 'emit'> & { readonly signal: AbortSignal },
): Promise<void> {
  if (!definition?.undo) return;
  const { executor, logger, clock, signal } = sources;
  try {
    const late = `\`undo\` did not answer within ${span(DEADLINES.unlimitedMs)}`;
    await within({ ms: DEADLINES.unlimitedMs, clock, late }, () =>
      definition.undo?.(parametersOf(definition, plan.parameters), {
        signal,
        execute: (action) =>
          planAndCarryOut(action, actFor(issue, sources), executor, { approved: true, signal }),
      }),
    );
    logger.warn(`\`${plan.action}\` made it worse and was undone`);
  } catch (error) {
    logger.error(`\`${plan.action}\` made it worse and could not be undone: ${messageOf(error)}`);
  }
}

/** Plans an action, announces the plan and carries it out. It passes no gates of the engine, because it is an undo. */
export async function planAndCarryOut(
  action: HealingAction,
  about: ActFor,
  executor: Executor,
  options: { readonly approved: boolean; readonly signal: AbortSignal },
): Promise<Execution> {
  let plan: Plan;
  try {
    plan = await executor.plan(action, { signal: options.signal });
  } catch (error) {
    return failed(action, messageOf(error));
  }
  about.announce(plan);
  return carryOut(action, plan, about, executor, options);
}

/** Checks the answer of a custom executor. An executor that ran another plan has failed. */
function expectExecution(execution: unknown, plan: Plan): Execution {
  const { outcome, steps, plan: ran } = (execution ?? {}) as Partial<Execution>;
  const known = outcome === 'executed' || outcome === 'failed' || outcome === 'skipped';
  if (!known || !Array.isArray(steps)) throw new TypeError('it returned no `outcome` and `steps`');
  if (outcome === 'skipped' || !ranAnother({ plan: ran }, plan)) return execution as Execution;
  const error = 'The executor carried out another plan than the one that was announced';
  return { ...(execution as Execution), outcome: 'failed', success: false, error };
}

/** Such a repair is never `fixed`. */
export const ranAnother = ({ plan: ran }: { readonly plan?: Plan | undefined }, plan: Plan): boolean =>
  ran !== undefined && digestOf(ran) !== digestOf(plan);

const failed = ({ action }: HealingAction, error: string): Execution =>
  executionOf(action, { outcome: 'failed', error });
