import { actionNamed, isBuiltIn, type ActionRegistry } from '../actions/registry.js';
import { realClock } from '../base/clock.js';
import type { MountRules } from '../detect/mount-rules.js';
import type { ThresholdValues } from '../detect/thresholds.js';
import { messageOf } from '../base/errors.js';
import type { GenerationHistory } from '../memory/generations.js';
import type { Guards } from '../model/guards.js';
import { digestOf } from '../memory/approvals.js';
import { claimOf, conflicts, type Claim } from '../gates/claims.js';
import { judgeSafety, judgeTargets, type Policy } from '../gates/safety.js';
import type { Host } from '../host/host.js';
import type { Logger } from '../base/logger.js';
import type { NixSettings } from '../model/nix-options.js';
import type { Block, HealingAction, Plan, Target } from '../model/plan.js';
import { capabilitiesOf, type CapabilitySources } from './capabilities.js';
import { lackOf, needsRoot, OTHER_MACHINE, throughSudo } from './elevate.js';
import { expectExecuteOptions, expectHealingAction } from './execute-options.js';
import type { Capability, ExecuteOptions } from './executor.js';
import { readPermissionStatus, type PermissionStatus } from './permission-status.js';
import { makePlan, readAgain } from './planner.js';
import { runAct } from './run-act.js';
import { ServiceClient } from './service-client.js';
import { executionOf, type Execution, type StepReport } from '../model/execution.js';
import { refusalIn } from './switch-end.js';

export { readPermissionStatus };

export interface LocalExecutorOptions {
  readonly host: Host;
  /** Returns whether `host` reads this machine, on which steps are carried out. */
  readonly readsThisMachine: () => boolean;
  readonly actions: ActionRegistry;
  readonly policy: Policy;
  readonly thresholds: () => ThresholdValues;
  readonly mounts: MountRules;
  readonly guards: Guards;
  readonly nix: NixSettings;
  readonly keepSystems: () => readonly string[];
  readonly history: () => GenerationHistory;
  readonly logger: Logger;
  readonly helperSocket: string;
}

/** A plan, and how its steps get root. */
interface Routed {
  readonly plan: Plan;
  readonly way: PermissionStatus['way'] | 'without-root';
  readonly status?: PermissionStatus;
}

/** Plans actions, checks the safety gates and carries plans out on this machine. */
export class LocalExecutor {
  readonly #options: LocalExecutorOptions;
  readonly #helper: ServiceClient;
  readonly #running = new Map<Plan, Claim>();
  /** Systems that refused a switch, with the reason. They may be switched to after the next boot. */
  readonly #refusals = new Map<string, string>();
  /** Plans that were made by this executor. */
  readonly #made = new WeakMap<Plan, Routed>();

  constructor(options: LocalExecutorOptions) {
    this.#options = options;
    this.#helper = new ServiceClient(options.helperSocket);
  }

  async plan(action: HealingAction, signal: AbortSignal, dryRun: boolean): Promise<Plan> {
    const routed = this.#forThisMachine(await this.#route(action, signal), dryRun);
    this.#made.set(routed.plan, routed);
    return routed.plan;
  }

  capabilities(signal: AbortSignal): Promise<readonly Capability[]> {
    const { host, actions, readsThisMachine, helperSocket } = this.#options;
    const sources: CapabilitySources = {
      ...{ host, actions, readsThisMachine, clock: realClock },
      permissions: () => readPermissionStatus(helperSocket),
      askHelper: (action, inner) => this.#helper.allows(action, inner),
    };
    return capabilitiesOf(sources, signal);
  }

  async #route(action: HealingAction, signal: AbortSignal, earlier?: readonly StepReport[]): Promise<Routed> {
    const { host, actions, policy, thresholds, mounts, guards, nix, keepSystems, history, helperSocket } =
      this.#options;
    const sources = {
      ...{ host, actions, thresholds: thresholds(), guards, nix, keep: keepSystems(), history: history() },
      mounts,
      refusalOf: (system: string) => this.#refusals.get(system),
      services: [...(policy.services?.values() ?? [])],
      isRefused: (targets: readonly Target[]) => judgeTargets(targets, policy) !== undefined,
    };
    const plan = await makePlan(action, sources, signal, earlier);
    if (!needsRoot(plan) || this.#isElsewhere(plan)) return { plan, way: 'without-root' };
    const status = await readPermissionStatus(helperSocket);
    const { way } = status;
    if (way === 'sudo') return { plan: throughSudo(plan), way, status };
    if (way === 'helper' && isBuiltIn(plan.action)) {
      // The helper is not started for a plan that this process refuses.
      const refused = judgeSafety(plan, policy, { approved: true }) !== undefined;
      return { plan: refused ? plan : await this.#helper.plan(action, plan, signal), way, status };
    }
    if (way === 'in-process') return { plan, way, status };
    const notes = Object.freeze([...plan.notes, lackOf(status)]);
    return { plan: Object.freeze({ ...plan, notes }), way: 'none', status };
  }

  /** Returns whether a plan was made from readings of another machine. */
  #isElsewhere({ scope }: Plan): boolean {
    return scope === 'host' && !this.#options.readsThisMachine();
  }

  /** Adds a note to a plan for another machine in a dry run, and a refusal otherwise. */
  #forThisMachine(routed: Routed, dryRun: boolean): Routed {
    const { plan } = routed;
    if (!this.#isElsewhere(plan)) return routed;
    const more = dryRun
      ? { notes: Object.freeze([...plan.notes, OTHER_MACHINE.sentence]) }
      : { refusal: OTHER_MACHINE };
    return { ...routed, plan: Object.freeze({ ...plan, ...more }) };
  }

  /** Carries out the given plan, or a new one, after the safety gates. Never rejects. */
  async execute(action: HealingAction, options: ExecuteOptions = {}): Promise<Execution> {
    const { dryRun = false, signal = new AbortController().signal } = expectExecuteOptions(options);
    const { approved, plan: given, onPlan } = options;
    expectHealingAction(action);
    const start = performance.now();
    const ended = (fields: Parameters<typeof executionOf>[1]): Execution =>
      executionOf(action.action, { ...fields, dryRun, durationMs: performance.now() - start });
    if (action.action === 'none') {
      return ended({ outcome: 'skipped', blockedBy: 'no-action', error: 'There is nothing to do' });
    }
    let routed: Routed;
    try {
      const made = given && this.#made.get(given);
      routed = this.#forThisMachine(made ?? (await this.#route(action, signal)), dryRun);
    } catch (error) {
      return ended({ outcome: 'failed', error: messageOf(error) });
    }
    const { plan } = routed;
    // The helper reads the targets and effects itself.
    const isMadeHere = given === plan && routed.way !== 'helper';
    const asNow = isMadeHere ? await readAgain(plan, this.#options.host, signal) : plan;
    const claim = claimOf(plan, plan.targets[0]?.id ?? plan.action);
    const [running] = [...this.#running].find(([, other]) => conflicts(claim, other)) ?? [];
    const block =
      judgeSafety(asNow, this.#options.policy, { inFlight: running?.action, approved }) ??
      changedSince(given, asNow);
    if (block) {
      return ended({ outcome: 'skipped', plan, blockedBy: block.reason, error: block.sentence });
    }
    if (dryRun) return ended({ outcome: 'planned', plan });
    // Set before the first await, so that two concurrent calls cannot both pass the gates.
    this.#running.set(plan, claim);
    try {
      const result = await this.#carryOut(routed, action, signal, { approved, onPlan });
      const refusal = refusalIn(result.steps);
      if (refusal !== undefined && plan.generation?.to) this.#refusals.set(plan.generation.to, refusal);
      return ended({ plan, ...result });
    } finally {
      this.#running.delete(plan);
    }
  }

  async #carryOut(
    { plan, way, status }: Routed,
    action: HealingAction,
    signal: AbortSignal,
    { approved = false, onPlan }: ExecuteOptions,
  ): Promise<Omit<Execution, 'action' | 'dryRun' | 'durationMs' | 'success'>> {
    const { logger, actions } = this.#options;
    if (status && way === 'none') return { outcome: 'failed', error: lackOf(status), steps: [] };
    if (status?.tier === 'development') logger.warn(`LUMINOUS_DEV_MODE is set: ${status.description}`);
    const definition = await actionNamed(plan.action, actions);
    if (way === 'helper') {
      const timeoutMs = plan.steps.reduce((sum, step) => sum + step.timeoutMs, definition.timeoutMs);
      const planned = { action: action.action, parameters: plan.parameters };
      const limits = { approved, timeoutMs, signal, digest: digestOf(plan) };
      const { action: _, success: _success, ...result } = await this.#helper.execute(planned, limits);
      return result;
    }
    return runAct(plan, action, {
      definition,
      planOf: async (next, until, earlier) => {
        const routed = this.#forThisMachine(await this.#route(next, until, earlier), false);
        if (routed.way !== 'none') return routed.plan;
        throw new Error(lackOf(routed.status));
      },
      admits: (next) => {
        const admitted = judgeSafety(next, this.#options.policy, { approved }) === undefined;
        if (admitted) onPlan?.(next);
        return admitted;
      },
      onLine: (line, { unit }) => {
        // Steps that run in a unit take long, so a person may want to follow them.
        const message = `${plan.action}: ${line}`;
        if (unit === undefined) logger.debug(message);
        else logger.info(message);
      },
      signal,
    });
  }
}

/** Returns a block when a plan differs from the one that was given. */
function changedSince(given: Plan | undefined, plan: Plan): Block | undefined {
  if (given === undefined || given === plan || digestOf(given) === digestOf(plan)) return undefined;
  const sentence = `What \`${plan.action}\` would do has changed since its plan was made: plan it again`;
  return { reason: 'unavailable', sentence };
}
