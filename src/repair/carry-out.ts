import { parametersOf, type ActionDefinition } from '../actions/define.js';
import type { Clock } from '../base/clock.js';
import { isSelfHealingError, messageOf } from '../base/errors.js';
import type { EngineEvents } from '../report/events.js';
import type { Executor } from '../execute/executor.js';
import { digestOf } from '../memory/approvals.js';
import type { Logger } from '../base/logger.js';
import type { HealingAction, Plan } from '../model/plan.js';
import { DEADLINES } from '../base/deadlines.js';
import { within } from '../base/within.js';
import { span } from '../base/format.js';
import type { Repair } from './prove.js';
import { executionOf, type Execution } from '../model/execution.js';

/** What a repair announces, in this order. */
export interface Announcements {
  readonly planned: (event: EngineEvents['heal:planned']) => void;
  readonly started: (event: EngineEvents['heal:started']) => void;
}

/** What a plan is carried out for, and who is told of each plan before it runs. */
export interface ActFor {
  readonly component: string;
  readonly announce: (plan: Plan) => void;
}

/** How a plan is carried out. */
export interface ActOptions {
  readonly approved: boolean;
  readonly signal: AbortSignal;
}

/** What an act is undone with. */
export interface UndoSources {
  readonly executor: Executor;
  readonly announce: Pick<Announcements, 'planned'>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** An execution, and whether the executor has not answered in time: what it began may go on, or have ended well. */
export type CarriedOut = Execution & { readonly isUnanswered?: boolean };

/**
 * Carries out the plan that was judged, approved and announced, and no other. Further plans of the same act (a second
 * collection, an undo) are announced before they run. Never rejects.
 */
export async function carryOut(
  action: HealingAction,
  plan: Plan,
  { component, announce }: ActFor,
  executor: Executor,
  options: ActOptions,
): Promise<CarriedOut> {
  try {
    const execution: unknown = await executor.execute(action, {
      ...{ ...options, dryRun: false, plan, onPlan: announce },
    });
    return expectExecution(execution, plan);
  } catch (error) {
    const words = `The executor broke while it was repairing ${component}: ${messageOf(error)}`;
    return { ...failed(action, words), isUnanswered: isSelfHealingError(error) && error.code === 'timeout' };
  }
}

/** Undoes a repair that made things worse, where its action says how. */
export async function undoWorse(
  { issue, plan }: Repair,
  definition: ActionDefinition | undefined,
  { executor, announce, logger, clock }: UndoSources,
  signal: AbortSignal,
): Promise<void> {
  if (!definition?.undo) return;
  const { component } = issue;
  const about = { component, announce: (further: Plan) => announce.planned({ issue, plan: further }) };
  try {
    const late = `\`undo\` did not answer within ${span(DEADLINES.unlimitedMs)}`;
    await within({ ms: DEADLINES.unlimitedMs, clock, late }, () =>
      definition.undo?.(parametersOf(definition, plan.parameters), {
        signal,
        execute: (action) => planAndCarryOut(action, about, executor, { approved: true, signal }),
      }),
    );
    logger.warn(`\`${plan.action}\` made it worse and was undone`);
  } catch (error) {
    logger.error(`\`${plan.action}\` made it worse and could not be undone: ${messageOf(error)}`);
  }
}

/** Plans an action, announces the plan, and carries out that plan. It asks no gate of the engine: it undoes what was done. */
export async function planAndCarryOut(
  action: HealingAction,
  about: ActFor,
  executor: Executor,
  options: ActOptions,
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

/** What an executor of the host program answers may be anything; that it ran another plan is a fault. */
function expectExecution(execution: unknown, plan: Plan): Execution {
  const { outcome, steps, plan: ran } = (execution ?? {}) as Partial<Execution>;
  const known = outcome === 'executed' || outcome === 'failed' || outcome === 'skipped';
  if (!known || !Array.isArray(steps)) throw new TypeError('it gave no `outcome` and `steps`');
  if (outcome === 'skipped' || !ranAnother({ plan: ran }, plan)) return execution as Execution;
  const error = 'The executor carried out another plan than the one that was announced';
  return { ...(execution as Execution), outcome: 'failed', success: false, error };
}

/** Returns whether an executor carried out another plan than it was given. Such a repair is not `fixed`, whatever it did. */
export const ranAnother = ({ plan: ran }: { readonly plan?: Plan | undefined }, plan: Plan): boolean =>
  ran !== undefined && digestOf(ran) !== digestOf(plan);

const failed = ({ action }: HealingAction, error: string): Execution =>
  executionOf(action, { outcome: 'failed', error });
