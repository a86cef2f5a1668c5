import { parametersOf, type ActionDefinition } from '../actions/define.js';
import type { Clock } from '../clock.js';
import { isSelfHealingError, messageOf } from '../errors.js';
import type { EngineEvents } from '../events.js';
import type { Execution, Executor } from '../execute/executor.js';
import { digestOf } from '../guard/approvals.js';
import type { Logger } from '../logger.js';
import type { HealingAction, Plan } from '../plan.js';
import { DEADLINES } from '../ports/deadlines.js';
import { within } from '../within.js';
import { span } from '../words.js';
import type { Repair } from './prove.js';

/** What a repair announces, in this order. */
export interface Announcements {
  readonly planned: (event: EngineEvents['heal:planned']) => void;
  readonly started: (event: EngineEvents['heal:started']) => void;
}

/** What an act is carried out with. */
export interface ActSources {
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
  { issue, plan }: Pick<Repair, 'issue' | 'plan'>,
  approved: boolean,
  { executor, announce }: ActSources,
  signal: AbortSignal,
): Promise<CarriedOut> {
  try {
    const execution: unknown = await executor.execute(action, {
      ...{ dryRun: false, signal, approved, plan },
      onPlan: (further) => announce.planned({ issue, plan: further }),
    });
    return expectExecution(execution, plan);
  } catch (error) {
    const words = `The executor broke while it was repairing ${issue.component}: ${messageOf(error)}`;
    return { ...failed(action, words), isUnanswered: isSelfHealingError(error) && error.code === 'timeout' };
  }
}

/** Undoes a repair that made things worse, where its action says how. */
export async function undoWorse(
  { issue, plan }: Repair,
  definition: ActionDefinition | undefined,
  sources: ActSources,
  signal: AbortSignal,
): Promise<void> {
  const { logger, clock } = sources;
  if (!definition?.undo) return;
  try {
    const late = `\`undo\` did not answer within ${span(DEADLINES.unlimitedMs)}`;
    await within({ ms: DEADLINES.unlimitedMs, clock, late }, () =>
      definition.undo?.(parametersOf(definition, plan.parameters), {
        signal,
        execute: (action) => planAndCarryOut(action, issue, sources, signal),
      }),
    );
    logger.warn(`\`${plan.action}\` made it worse and was undone`);
  } catch (error) {
    logger.error(`\`${plan.action}\` made it worse and could not be undone: ${messageOf(error)}`);
  }
}

/** Plans an action, announces the plan, and carries out that plan. It asks no gate: it undoes what was done. */
export async function planAndCarryOut(
  action: HealingAction,
  issue: Repair['issue'],
  sources: ActSources,
  signal: AbortSignal,
): Promise<Execution> {
  let plan: Plan;
  try {
    plan = await sources.executor.plan(action, { signal });
  } catch (error) {
    return failed(action, messageOf(error));
  }
  sources.announce.planned({ issue, plan });
  return carryOut(action, { issue, plan }, true, sources, signal);
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

const failed = ({ action }: HealingAction, error: string): Execution => ({
  ...{ action, outcome: 'failed', success: false, dryRun: false },
  ...{ error, steps: [], durationMs: 0 },
});
