import { expectFunction, expectKnownKeys, expectObject } from '../base/expect.js';
import { expectExecuteOptions, expectHealingAction } from '../execute/execute-options.js';
import type { ExecuteOptions, Executor } from '../execute/executor.js';
import type { HealingAction, Plan } from '../model/plan.js';
import type { Execution } from '../model/execution.js';

/** How a {@link FakeExecutor} shall answer. */
export interface FakeExecutorOptions {
  /** What the plan of an action says besides its name and parameters. Default: one harmless step. */
  readonly plan?: (action: HealingAction) => Partial<Plan> | Promise<Partial<Plan>>;
  /** What happens when an action is carried out: change a fake host here. */
  readonly act?: (action: HealingAction, options: ExecuteOptions) => void | Promise<void>;
}

/** An executor that changes nothing, and remembers what it was told to do. */
export interface FakeExecutor extends Executor {
  plan(action: HealingAction): Promise<Plan>;
  /** Says how the next execution that is no dry run ends. Said twice, it is the next two. */
  next(outcome: Partial<Execution>): void;
  /** Every action that was planned, in order. */
  readonly planned: readonly HealingAction[];
  /** Every action that was carried out, in order, without dry runs. */
  readonly executed: readonly HealingAction[];
  /** How often it was closed. */
  readonly closed: number;
}

/** Makes an executor that changes nothing. Unless told otherwise every action can be planned and ends well. */
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
      const told = (rest: Partial<Execution> & Pick<Execution, 'outcome'>): Execution => ({
        action: String(action?.action),
        success: rest.outcome === 'executed' || rest.outcome === 'planned',
        dryRun,
        steps: [],
        durationMs: 0,
        ...rest,
      });
      try {
        expectExecuteOptions(how);
        expectHealingAction(action);
        const made = given ?? (await plan(action));
        if (dryRun) return told({ outcome: 'planned', plan: made });
        if (signal?.aborted) {
          return told({ outcome: 'failed', error: 'Stopped before the first step was started', plan: made });
        }
        executed.push(action);
        await options.act?.(action, how);
        const ending = script.shift() ?? {};
        const steps = made.steps.map(() => ({
          step: `pretend to ${action.action}`,
          ok: true,
          durationMs: 0,
        }));
        return told({ outcome: 'executed', plan: made, steps, ...ending });
      } catch (error) {
        return told({ outcome: 'failed', error: error instanceof Error ? error.message : String(error) });
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
