import type { Clock } from '../base/clock.js';
import type { Executor } from './executor.js';
import type { Plan } from '../model/plan.js';
import { DEADLINES } from '../base/deadlines.js';
import { PortCalls } from '../base/port-calls.js';
import { executionOf } from '../model/execution.js';

/** Returns the executor with a deadline on each call. */
export function ownedExecutor(executor: Executor, clock: Clock, reading: AbortSignal): Executor {
  const plans = new PortCalls({ clock, signal: reading });
  const acts = new PortCalls({ clock });
  return {
    plan: async (action, options) =>
      expectPlan(await plans.make('`executor.plan`', DEADLINES.planMs, () => executor.plan(action, options))),
    get capabilities() {
      const { capabilities } = executor;
      return (
        capabilities &&
        ((options?: { readonly signal?: AbortSignal }) =>
          plans.make('`executor.capabilities`', DEADLINES.readMs, () => capabilities.call(executor, options)))
      );
    },
    execute: async (action, options = {}) => {
      let ms = options.plan ? stepsMs(options.plan) : DEADLINES.unlimitedMs;
      const onPlan = (plan: Plan): void => {
        ms += stepsMs(plan) + DEADLINES.planMs;
        options.onPlan?.(plan);
      };
      const limitMs = (): number => ms + DEADLINES.executeMs;
      if (acts.isStuck) {
        const error = '`executor.execute` has not answered earlier calls: it is not called again';
        return executionOf(action.action, { outcome: 'skipped', blockedBy: 'unavailable', error });
      }
      return acts.make('`executor.execute`', limitMs, () =>
        executor.execute(action, options.plan || options.onPlan ? { ...options, onPlan } : options),
      );
    },
  };
}

/** Returns the sum of the time limits of a plan's steps, in milliseconds. */
const stepsMs = ({ steps }: Plan): number =>
  steps.reduce((sum, { timeoutMs }) => sum + (Number.isFinite(timeoutMs) ? timeoutMs : 0), 0);

/** Checks the plan that a custom executor returned. */
function expectPlan(plan: unknown): Plan {
  const { action, steps, targets, scope } = (plan ?? {}) as Partial<Plan>;
  if (typeof action !== 'string' || !Array.isArray(steps) || !Array.isArray(targets) || scope === undefined)
    throw new TypeError(
      '`executor.plan` returned no plan: `action`, `scope`, `targets` and `steps` are needed',
    );
  return plan as Plan;
}
