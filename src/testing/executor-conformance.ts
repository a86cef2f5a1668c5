import { isObject } from '../base/shape.js';
import type { Executor } from '../execute/executor.js';
import { BLOCK_REASONS, type HealingAction } from '../model/plan.js';
import { conformance, insist, isList, isText, mustNotFail, format, type Make } from './conformance.js';
import { insistOnPlan } from './plan-rules.js';
import type { Execution, StepReport } from '../model/execution.js';

/** Options of {@link executorConformance}. */
export interface ExecutorConformanceOptions {
  /** An action that can be planned here. It is only planned and run dry. */
  readonly action: HealingAction;
  /** An action that may be executed here. Without it, nothing is executed. */
  readonly harmless?: HealingAction;
  /** Returns, as text, the state of what an action could change; planning and dry runs must not change it. */
  readonly observe?: () => string | Promise<string>;
}

/** Returns tests for an `Executor`. */
export function executorConformance(
  make: Make<Executor>,
  { action, harmless, observe }: ExecutorConformanceOptions,
) {
  const unchanged = async (what: string, work: () => unknown): Promise<void> => {
    const before = await observe?.();
    await work();
    insist((await observe?.()) === before, `${what} changed something`);
  };

  return conformance(make, {
    async '`plan` returns a complete plan and changes nothing'(executor) {
      await unchanged('`plan`', async () => {
        const plan = await mustNotFail('`plan`', () => executor.plan(action));
        insistOnPlan(plan, '`plan`');
        const isOfAction = plan.action === action.action;
        insist(isOfAction, `The plan of ${action.action} says that it is of ${plan.action}`);
      });
    },
    async 'the same action on the same host has the same plan'(executor) {
      const one = JSON.stringify(await executor.plan(action));
      const other = JSON.stringify(await executor.plan(action));
      insist(one === other, `The plan was ${one}, and then ${other}`);
    },
    async 'a dry run plans, and changes nothing'(executor) {
      await unchanged('A dry run', async () => {
        const execution = await mustNotFail('A dry run', () => executor.execute(action, { dryRun: true }));
        insistOnExecution(execution, action, 'A dry run');
        insist(execution.dryRun, 'A dry run did not say that it is one');
        insist(execution.outcome !== 'executed', 'A dry run was carried out');
        insist(execution.steps.length === 0, `A dry run started ${execution.steps.length} steps`);
      });
    },
    async 'an unknown action fails with a sentence and does not reject'(executor) {
      const nonsense = { action: 'no_such_action_a7c1', parameters: {} };
      const execution = await mustNotFail('`execute`', () => executor.execute(nonsense));
      insistOnExecution(execution, nonsense, 'An unknown action');
      insist(!execution.success, 'An unknown action succeeded');
    },
    async 'unknown options are rejected, and nothing is executed'(executor) {
      for (const how of [{ dry_run: true }, { dryrun: true }, true]) {
        const what = `\`execute\` with ${JSON.stringify(how)}`;
        await unchanged(what, async () => {
          const execution = await mustNotFail(what, () => executor.execute(action, how as never));
          insistOnExecution(execution, action, what);
          const refused = execution.outcome === 'failed' || execution.outcome === 'planned';
          insist(refused && execution.steps.length === 0, `${what} was carried out`);
        });
      }
    },
    async 'it starts no step when it is stopped before it begins'(executor) {
      const signal = AbortSignal.abort();
      const execution = await mustNotFail('`execute`', () => executor.execute(action, { signal }));
      insistOnExecution(execution, action, 'An execution that was stopped before');
      insist(execution.outcome !== 'executed', 'It was carried out although it was stopped before');
      insist(!execution.steps.some(({ ok }) => ok), 'It carried out a step although it was stopped before');
    },
    async 'an execution reports its steps'(executor) {
      if (harmless === undefined) return;
      const execution = await mustNotFail('`execute`', () => executor.execute(harmless));
      insistOnExecution(execution, harmless, '`execute`');
      const { outcome, error } = execution;
      insist(outcome === 'executed', `It was not carried out: ${error ?? outcome}`);
      insist(!execution.dryRun, 'An execution was reported as a dry run');
    },
  });
}

function insistOnExecution(execution: Execution, { action }: HealingAction, about: string): void {
  insist(isObject(execution), `${about} returned ${format(execution)}`);
  const { outcome, success, blockedBy, error, durationMs } = execution;
  const steps: readonly StepReport[] = execution.steps;
  insist(execution.action === action, `${about} of ${action} says that it is of ${execution.action}`);
  const isKnown = ['executed', 'planned', 'skipped', 'failed'].includes(outcome);
  insist(isKnown, `${about} returned the outcome ${format(outcome)}`);
  const well = outcome === 'executed' || outcome === 'planned';
  insist(success === well, `${about} is ${outcome} with \`success\` ${String(success)}`);
  insist(well || isText(error), `${about} is ${outcome} without an error that says why`);
  const gated = blockedBy !== undefined && BLOCK_REASONS.includes(blockedBy);
  insist((outcome === 'skipped') === gated, `${about} is ${outcome} with \`blockedBy\` ${format(blockedBy)}`);
  insist(Number.isFinite(durationMs) && durationMs >= 0, `${about} took ${format(durationMs)} ms`);
  insist(isList(steps), `${about} returned no list of steps`);
  for (const { step, ok, error: why } of steps) {
    insist(isText(step), `${about} reported a step without its text`);
    insist(ok || isText(why), `${about} reported that ${step} failed without an error`);
  }
  const isPartial = outcome === 'executed' && !steps.every(({ ok }) => ok);
  insist(!isPartial, `${about} is executed although a step failed`);
}
