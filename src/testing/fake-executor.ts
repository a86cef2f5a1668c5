import { messageOf } from '../base/errors.js';
import { expectFunction, expectKnownKeys, expectObject } from '../base/expect.js';
import { expectExecuteOptions, expectHealingAction } from '../execute/execute-options.js';
import type { ExecuteOptions, Executor } from '../execute/executor.js';
import type { HealingAction, Plan } from '../model/plan.js';
import { executionOf, type Execution } from '../model/execution.js';

/** Options of {@link fakeExecutor}. */
export interface FakeExecutorOptions {
  /** Fields of the plan of an action. Default: one harmless step. */
  readonly plan?: (action: HealingAction) => Partial<Plan> | Promise<Partial<Plan>>;
  /** Called when an action is executed, for example to change a fake host. */
  readonly act?: (action: HealingAction, options: ExecuteOptions) => void | Promise<void>;
}

/** Executor that changes nothing and records its calls. */
export interface FakeExecutor extends Executor {
  plan(action: HealingAction): Promise<Plan>;
  /** Queues the result of the next execution that is not a dry run. */
  next(outcome: Partial<Execution>): void;
  /** Planned actions, in order. */
  readonly planned: readonly HealingAction[];
  /** Executed actions, in order, without dry runs. */
  readonly executed: readonly HealingAction[];
  /** Number of `close` calls. */
  readonly closed: number;
}

/** Creates an executor that changes nothing. By default every action can be planned and succeeds. */
export function fakeExecutor(options: FakeExecutorOptions = {}): FakeExecutor {
  expectKnownKeys('options', expectObject('options', options), ['plan', 'act']);
  expectFunction('plan', options.plan);
  expectFunction('act', options.act);
  const planned: HealingAction[] = [];
  const executed: HealingAction[] = [];
  const script: Partial<Execution>[] = [];
  let closed = 0;

  const plan = async (action: HealingAction): Promise<Plan> =>
    Object.freeze({ ...harmless(action), ...(await options.plan?.(action)) });

  return {
    planned,
    executed,
    get closed() {
      return closed;
    },
    next: (outcome) => void script.push(outcome),
    plan(action) {
      planned.push(action);
      return plan(action);
    },
    async execute(action, how = {}) {
      const { dryRun = false, signal, plan: given } = how ?? {};
      const ended = (fields: Parameters<typeof executionOf>[1]): Execution => ({
        ...executionOf(String(action?.action), { dryRun, ...fields }),
      });
      try {
        expectExecuteOptions(how);
        expectHealingAction(action);
        const made = given ?? (await plan(action));
        if (dryRun) return ended({ outcome: 'planned', plan: made });
        if (signal?.aborted) {
          const error = 'Stopped before the first step was started';
          return ended({ outcome: 'failed', error, plan: made });
        }
        executed.push(action);
        await options.act?.(action, how);
        const steps = made.steps.map(() => ({
          step: `pretend to ${action.action}`,
          ok: true,
          durationMs: 0,
        }));
        return ended({ outcome: 'executed', plan: made, steps, ...script.shift() });
      } catch (error) {
        return ended({ outcome: 'failed', error: messageOf(error) });
      }
    },
    close: () => void (closed += 1),
  };
}

const harmless = ({ action, parameters }: HealingAction): Plan => ({
  action,
  parameters,
  scope: 'host',
  risk: 'reversible',
  targets: [{ kind: 'plain', id: action }],
  steps: [
    {
      kind: 'call',
      name: `pretend to ${action}`,
      run: () => undefined,
      timeoutMs: 1_000,
      interruptible: true,
    },
  ],
  effect: 'Nothing is changed: this is a fake',
  notes: [],
});
