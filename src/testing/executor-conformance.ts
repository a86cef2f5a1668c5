import type { Executor } from '../execute/executor.js';
import { BLOCK_REASONS, type HealingAction } from '../model/plan.js';
import {
  conformance,
  insist,
  isList,
  isObject,
  isText,
  mustNotFail,
  describeValue,
  type ConformanceCase,
  type Make,
} from './conformance.js';
import { insistOnPlan } from './plan-rules.js';
import type { Execution, StepReport } from '../model/execution.js';

/** What an {@link executorConformance} needs to know. */
export interface ExecutorConformanceOptions {
  /** An action that can be planned here. It is planned and run dry, never carried out. */
  readonly action: HealingAction;
  /** An action that may really be carried out here. Without it nothing is. */
  readonly harmless?: HealingAction;
  /** Tells how whatever an action could change is now, as text: planning and dry runs must leave it as it is. */
  readonly observe?: () => string | Promise<string>;
}

/** What every `Executor` promises. */
export function executorConformance(
  make: Make<Executor>,
  { action, harmless, observe }: ExecutorConformanceOptions,
): ConformanceCase[] {
  const unchanged = async (what: string, work: () => unknown): Promise<void> => {
    const before = await observe?.();
    await work();
    insist((await observe?.()) === before, `${what} changed something`);
  };

  return conformance(make, {
    async '`plan` gives a complete plan of the action, and changes nothing'(executor) {
      await unchanged('`plan`', async () => {
        const plan = await mustNotFail('`plan`', () => executor.plan(action));
        insistOnPlan(plan, '`plan`');
        insist(
          plan.action === action.action,
          `The plan of ${action.action} says that it is of ${plan.action}`,
        );
      });
    },
    async 'the same action on the same host has the same plan'(executor) {
      const [one, other] = [
        JSON.stringify(await executor.plan(action)),
        JSON.stringify(await executor.plan(action)),
      ];
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
    async 'an action that nobody knows fails with a sentence, and does not reject'(executor) {
      const nonsense = { action: 'no_such_action_a7c1', parameters: {} };
      const execution = await mustNotFail('`execute`', () => executor.execute(nonsense));
      insistOnExecution(execution, nonsense, 'An unknown action');
      insist(!execution.success, 'An action that nobody knows was a success');
    },
    async 'a dry run that is asked for in a way that is not known is refused, and never carried out'(
      executor,
    ) {
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
    async 'when stopped before it begins, it starts no step'(executor) {
      const signal = AbortSignal.abort();
      const execution = await mustNotFail('`execute`', () => executor.execute(action, { signal }));
      insistOnExecution(execution, action, 'An execution that was stopped before');
      insist(execution.outcome !== 'executed', 'It was carried out although it was stopped before');
      insist(!execution.steps.some(({ ok }) => ok), 'It carried out a step although it was stopped before');
    },
    async 'what is carried out is told step by step'(executor) {
      if (harmless === undefined) return;
      const execution = await mustNotFail('`execute`', () => executor.execute(harmless));
      insistOnExecution(execution, harmless, '`execute`');
      insist(
        execution.outcome === 'executed',
        `It was not carried out: ${execution.error ?? execution.outcome}`,
      );
      insist(!execution.dryRun, 'What was carried out was called a dry run');
    },
  });
}

function insistOnExecution(execution: Execution, { action }: HealingAction, about: string): void {
  insist(isObject(execution), `${about} gave ${describeValue(execution)}`);
  const { outcome, success, blockedBy, error, durationMs } = execution;
  const steps: readonly StepReport[] = execution.steps;
  insist(execution.action === action, `${about} of ${action} says that it is of ${execution.action}`);
  insist(
    ['executed', 'planned', 'skipped', 'failed'].includes(outcome),
    `${about} gave the outcome ${describeValue(outcome)}`,
  );
  const well = outcome === 'executed' || outcome === 'planned';
  insist(success === well, `${about} is ${outcome} with \`success\` ${String(success)}`);
  insist(well || isText(error), `${about} is ${outcome} without an error that says why`);
  const gated = blockedBy !== undefined && BLOCK_REASONS.includes(blockedBy);
  insist(
    (outcome === 'skipped') === gated,
    `${about} is ${outcome} with \`blockedBy\` ${describeValue(blockedBy)}`,
  );
  insist(Number.isFinite(durationMs) && durationMs >= 0, `${about} took ${describeValue(durationMs)} ms`);
  insist(isList(steps), `${about} gave no list of steps`);
  for (const { step, ok, error: why } of steps) {
    insist(isText(step), `${about} told of a step without saying which`);
    insist(ok || isText(why), `${about} told that ${step} went wrong, and not why`);
  }
  insist(
    outcome !== 'executed' || steps.every(({ ok }) => ok),
    `${about} is executed though a step went wrong`,
  );
}
