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
import { capabilitiesOf } from './capabilities.js';
import { lackOf, needsRoot, OTHER_MACHINE, throughSudo } from './elevate.js';
import { expectExecuteOptions, expectHealingAction } from './execute-options.js';
import type { Capability, ExecuteOptions } from './executor.js';
import { readPermissionStatus, type PermissionStatus } from './permission-status.js';
import { makePlan, readTargets } from './planner.js';
import { runAct } from './run-act.js';
import { ServiceClient } from './service-client.js';
import { executionOf, type Execution, type StepReport } from '../model/execution.js';

export { readPermissionStatus };

/** What acting on the host takes. */
export interface LocalExecutorOptions {
  readonly host: Host;
  /** Whether `host` reads the machine that steps are carried out on. */
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

/** A plan, and how the steps in it that take root would be done. */
interface Routed {
  readonly plan: Plan;
  readonly way: PermissionStatus['way'] | 'without-root';
  readonly status?: PermissionStatus;
}

/** Plans, judges and carries out on the host, by the way that its privilege allows. */
export class LocalExecutor {
  readonly #parts: LocalExecutorOptions;
  readonly #helper: ServiceClient;
  readonly #running = new Map<Plan, Claim>();
  /** How the plans that were made here would be carried out. */
  readonly #made = new WeakMap<Plan, Routed>();

  constructor(parts: LocalExecutorOptions) {
    this.#parts = parts;
    this.#helper = new ServiceClient(parts.helperSocket);
  }

  /** Makes the exact steps of an action on this host. */
  async plan(action: HealingAction, signal: AbortSignal, dryRun: boolean): Promise<Plan> {
    const routed = this.#forThisMachine(await this.#route(action, signal), dryRun);
    this.#made.set(routed.plan, routed);
    return routed.plan;
  }

  /** Tells whether each action can be carried out here. */
  capabilities(signal: AbortSignal): Promise<readonly Capability[]> {
    const { host, actions, readsThisMachine, helperSocket } = this.#parts;
    const parts = { host, actions, readsThisMachine, clock: realClock };
    return capabilitiesOf(
      {
        ...parts,
        permissions: () => readPermissionStatus(helperSocket),
        askHelper: (action, inner) => this.#helper.allows(action, inner),
      },
      signal,
    );
  }

  async #route(action: HealingAction, signal: AbortSignal, earlier?: readonly StepReport[]): Promise<Routed> {
    const { host, actions, policy, thresholds, mounts, guards, nix, keepSystems, history, helperSocket } =
      this.#parts;
    const parts = {
      ...{ host, actions, thresholds: thresholds(), guards, nix, keep: keepSystems(), history: history() },
      mounts,
      services: [...(policy.services?.values() ?? [])],
      isRefused: (targets: readonly Target[]) => judgeTargets(targets, policy) !== undefined,
    };
    const plan = await makePlan(action, parts, signal, earlier);
    if (!needsRoot(plan) || this.#isElsewhere(plan)) return { plan, way: 'without-root' };
    const status = await readPermissionStatus(helperSocket);
    const { way } = status;
    if (way === 'sudo') return { plan: throughSudo(plan), way, status };
    if (way === 'helper' && isBuiltIn(plan.action)) {
      // What this process would refuse, the helper is not woken for.
      const refused = judgeSafety(plan, policy, { approved: true }) !== undefined;
      return { plan: refused ? plan : await this.#helper.plan(action, plan, signal), way, status };
    }
    if (way === 'in-process') return { plan, way, status };
    const notes = Object.freeze([...plan.notes, lackOf(status)]);
    return { plan: Object.freeze({ ...plan, notes }), way: 'none', status };
  }

  /** Whether a plan was made from readings of another machine than it would be carried out on. */
  #isElsewhere({ scope }: Plan): boolean {
    return scope === 'host' && !this.#parts.readsThisMachine();
  }

  /** A dry run shows the plan for the other machine; nothing but a dry run gets through. */
  #forThisMachine(routed: Routed, dryRun: boolean): Routed {
    const { plan } = routed;
    if (!this.#isElsewhere(plan)) return routed;
    const more = dryRun
      ? { notes: Object.freeze([...plan.notes, OTHER_MACHINE.sentence]) }
      : { refusal: OTHER_MACHINE };
    return { ...routed, plan: Object.freeze({ ...plan, ...more }) };
  }

  /** Carries out the given plan, or one that is made now, after the safety gates. Never rejects. */
  async execute(action: HealingAction, options: ExecuteOptions = {}): Promise<Execution> {
    const { dryRun = false, signal = never(), approved, plan: given, onPlan } = expectExecuteOptions(options);
    expectHealingAction(action);
    const start = performance.now();
    const ended = (fields: Parameters<typeof executionOf>[1]): Execution =>
      executionOf(action.action, { ...fields, dryRun, durationMs: performance.now() - start });
    if (action.action === 'none') {
      return ended({ outcome: 'skipped', blockedBy: 'no-action', error: 'There is nothing to do' });
    }
    let routed: Routed;
    try {
      routed = this.#forThisMachine(await this.#routeOf(action, given, signal), dryRun);
    } catch (error) {
      return ended({ outcome: 'failed', error: messageOf(error) });
    }
    const { plan } = routed;
    const asNow = await this.#asNow(routed, given, signal);
    const claim = claimOf(plan, plan.targets[0]?.id ?? plan.action);
    const situation = { inFlight: this.#besides(claim), approved };
    const block = changedSince(given, plan) ?? judgeSafety(asNow, this.#parts.policy, situation);
    if (block) {
      return ended({ outcome: 'skipped', plan, blockedBy: block.reason, error: block.sentence });
    }
    if (dryRun) return ended({ outcome: 'planned', plan });
    // Claimed before the first wait, so that two calls at once cannot both pass the gate above.
    this.#running.set(plan, claim);
    try {
      return ended({ plan, ...(await this.#carryOut(routed, action, { signal, approved, onPlan })) });
    } finally {
      this.#running.delete(plan);
    }
  }

  /** A plan that was made here is carried out as it is. Another one is made again, and must be the same. */
  async #routeOf(action: HealingAction, given: Plan | undefined, signal: AbortSignal): Promise<Routed> {
    return (given && this.#made.get(given)) ?? (await this.#route(action, signal));
  }

  /** The plan with its targets as they are at this moment; the helper reads them itself. */
  async #asNow({ plan, way }: Routed, given: Plan | undefined, signal: AbortSignal): Promise<Plan> {
    if (given !== plan || way === 'helper') return plan;
    const targets = await readTargets(plan.targets, this.#parts.host, signal);
    return { ...plan, targets };
  }

  /** An action under way that this one may not run beside. */
  #besides(claim: Claim): string | undefined {
    for (const [plan, other] of this.#running) if (conflicts(claim, other)) return plan.action;
    return undefined;
  }

  async #carryOut(
    { plan, way, status }: Routed,
    action: HealingAction,
    {
      signal,
      approved = false,
      onPlan,
    }: Pick<ExecuteOptions, 'approved' | 'onPlan'> & { readonly signal: AbortSignal },
  ): Promise<Omit<Execution, 'action' | 'dryRun' | 'durationMs' | 'success'>> {
    const { logger, actions } = this.#parts;
    if (status && way === 'none') return { outcome: 'failed', error: lackOf(status), steps: [] };
    if (status?.tier === 'development') logger.warn(`LUMINOUS_DEV_MODE is set: ${status.description}`);
    const definition = await actionNamed(plan.action, actions);
    if (way === 'helper') {
      const timeoutMs = plan.steps.reduce((sum, step) => sum + step.timeoutMs, definition.timeoutMs);
      const { parameters } = plan;
      const same = { action: action.action, parameters };
      const told = await this.#helper.execute(same, { approved, timeoutMs, signal, digest: digestOf(plan) });
      const { action: _action, dryRun: _dryRun, durationMs: _durationMs, success: _success, ...rest } = told;
      return rest;
    }
    return runAct(plan, action, {
      definition,
      planOf: async (next, until, earlier) => {
        const routed = this.#forThisMachine(await this.#route(next, until, earlier), false);
        if (routed.way !== 'none') return routed.plan;
        throw new Error(lackOf(routed.status));
      },
      admits: (next) => {
        const admitted = judgeSafety(next, this.#parts.policy, { approved }) === undefined;
        if (admitted) onPlan?.(next);
        return admitted;
      },
      onLine: (line, { unit }) => {
        // What takes long is followed by a person; what takes a moment is told when it has ended.
        const told = `${plan.action}: ${line}`;
        if (unit === undefined) logger.debug(told);
        else logger.info(told);
      },
      signal,
    });
  }
}

/** Exactly the given plan is carried out, or none. */
function changedSince(given: Plan | undefined, plan: Plan): Block | undefined {
  if (given === undefined || given === plan || digestOf(given) === digestOf(plan)) return undefined;
  const sentence = `What \`${plan.action}\` would do has changed since its plan was made: plan it again`;
  return { reason: 'unavailable', sentence };
}

const never = (): AbortSignal => new AbortController().signal;
