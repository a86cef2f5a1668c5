import type { HealingAction, Plan } from '../model/plan.js';
import type { Execution } from '../model/execution.js';

/** Options of `execute`. */
export interface ExecuteOptions {
  /** Plans and checks the gates, but changes nothing. Default `false`. */
  readonly dryRun?: boolean | undefined;
  /** Ends the call: no further step starts, interruptible steps are ended, the others are awaited. */
  readonly signal?: AbortSignal | undefined;
  /** `true` when a person has approved it. Default `false`. */
  readonly approved?: boolean | undefined;
  /** Plan to carry out, exactly as it is; refused when it has changed. Default: a new plan. */
  readonly plan?: Plan | undefined;
  /** Called with each further plan of the same act, before it runs. */
  readonly onPlan?: ((plan: Plan) => void) | undefined;
}

/** Availability of an action on this host. */
export interface Capability {
  readonly action: string;
  /** `unknown` when it could not be determined in time. */
  readonly status: 'available' | 'unavailable' | 'unknown';
  /** One sentence: how it would be carried out, or why it cannot be. */
  readonly reason: string;
}

/**
 * Port through which the host is changed.
 *
 * `plan` changes nothing, and rejects an invalid action. `execute` never rejects: errors are reported in the
 * {@link Execution}. A custom executor only receives actions that have passed the engine's gates; it does not verify.
 */
export interface Executor {
  /** Returns the exact steps of an action on this host. Changes nothing. */
  plan(
    action: HealingAction,
    options?: { readonly signal?: AbortSignal; readonly dryRun?: boolean },
  ): Plan | Promise<Plan>;
  /** Carries an action out. Never rejects. */
  execute(action: HealingAction, options?: ExecuteOptions): Promise<Execution>;
  /** Returns the availability of each action on this host. Changes nothing. Optional. */
  readonly capabilities?:
    | ((options?: {
        readonly signal?: AbortSignal;
      }) => readonly Capability[] | Promise<readonly Capability[]>)
    | undefined;
  /** Releases its resources. */
  close?(): void | Promise<void>;
}
