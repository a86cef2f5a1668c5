import type { HealingAction, Plan } from '../model/plan.js';
import type { Execution } from '../model/execution.js';

/** How an action is to be carried out. */
export interface ExecuteOptions {
  /** Only make and judge the plan. Default `false`. */
  readonly dryRun?: boolean | undefined;
  /** Ends it: no new step is started, interruptible ones are ended, the others are waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Whether a person has approved it. Default `false`. */
  readonly approved?: boolean | undefined;
  /** The plan to carry out: exactly this one, or nothing. Left out: a plan that is made now. */
  readonly plan?: Plan | undefined;
  /** Called with each further plan of the same act, before it is carried out. */
  readonly onPlan?: ((plan: Plan) => void) | undefined;
}

/** Whether an action can be carried out on this host. */
export interface Capability {
  readonly action: string;
  /** `unknown` where that could not be found out, or not in time. */
  readonly status: 'available' | 'unavailable' | 'unknown';
  /** One sentence: by what way it would be carried out, or why it cannot be. */
  readonly reason: string;
}

/**
 * The port through which the host is changed.
 *
 * `plan` changes nothing, and may reject when the action or its parameters cannot be meant. `execute` never
 * rejects: what goes wrong is told in the {@link Execution}. An executor of your own gets only what has passed
 * the engine's gates; it need not judge again, and it does not verify.
 */
export interface Executor {
  /** The exact steps of an action on this host. Changes nothing. */
  plan(
    action: HealingAction,
    options?: { readonly signal?: AbortSignal; readonly dryRun?: boolean },
  ): Plan | Promise<Plan>;
  /** Carries an action out. Never rejects. */
  execute(action: HealingAction, options?: ExecuteOptions): Promise<Execution>;
  /** Whether each action can be carried out on this host, by what can be read now. Changes nothing. Optional. */
  readonly capabilities?:
    | ((options?: {
        readonly signal?: AbortSignal;
      }) => readonly Capability[] | Promise<readonly Capability[]>)
    | undefined;
  /** Lets go of what it holds. */
  close?(): void | Promise<void>;
}
