import type { Capability, ExecuteOptions, Executor } from '../../execute/executor.js';
import type { HealingAction, Plan } from '../../model/plan.js';
import { executionOf, type Execution } from '../../model/execution.js';

/** An executor that shows the plan of every action, and carries out only those that are allowed. */
export function allowing(actions: readonly string[] | undefined, executor: Executor): Executor {
  if (actions === undefined) return executor;
  const refusalOf = ({ action }: HealingAction) =>
    action === 'none' || actions.includes(action)
      ? undefined
      : {
          reason: 'not-allowed' as const,
          sentence: `\`${action}\` is not among the allowed actions: add it to \`allowedActions\` to allow it`,
        };
  return {
    async plan(action, options): Promise<Plan> {
      const plan = await executor.plan(action, options);
      const refusal = refusalOf(action);
      return refusal ? Object.freeze({ ...plan, refusal: plan.refusal ?? refusal }) : plan;
    },
    async execute(action, options: ExecuteOptions = {}): Promise<Execution> {
      const refusal = refusalOf(action);
      if (refusal === undefined) return executor.execute(action, options);
      const { reason: blockedBy, sentence: error } = refusal;
      return executionOf(action.action, {
        outcome: 'skipped',
        dryRun: options.dryRun ?? false,
        blockedBy,
        error,
      });
    },
    async capabilities(options): Promise<readonly Capability[]> {
      const known = (await executor.capabilities?.(options)) ?? [];
      return known.map((one) => {
        const refusal =
          one.status === 'available' ? refusalOf({ action: one.action, parameters: {} }) : undefined;
        return refusal ? { ...one, status: 'unavailable', reason: refusal.sentence } : one;
      });
    },
    close: () => executor.close?.(),
  };
}
