import { pathParameter } from '../actions/parameters.js';
import { actionNamed, actionRegistry, isBuiltIn, type ActionRegistry } from '../actions/registry.js';
import type { ActionDefinition } from '../actions/define.js';
import { thresholdValues, type ThresholdValues } from '../detect/thresholds.js';
import { watchedUnits, type ServiceOption } from '../detect/watched.js';
import { messageOf } from '../errors.js';
import { expectKnownKeys, expectObject, expectStrings } from '../expect.js';
import { NO_HISTORY, type GenerationHistory } from '../guard/generations.js';
import { guardsFrom, type GuardOptions, type Guards } from '../guard/guards.js';
import { judgeSafety, type Policy } from '../guard/safety.js';
import type { Host } from '../host/host.js';
import { localHost } from '../host/local-host.js';
import { silentLogger, type Logger } from '../logger.js';
import { nixSettings, type NixOptions, type NixSettings } from '../nix-options.js';
import type { HealingAction, Plan } from '../plan.js';
import { needsRoot, throughSudo } from './elevate.js';
import type { ExecuteOptions, Execution, Executor, StepReport } from './executor.js';
import { readPermissionStatus, type PermissionStatus } from './permission-status.js';
import { makePlan } from './planner.js';
import { carryOut } from './carry-out.js';
import { ServiceClient } from './service-client.js';
import { HELPER_SOCKET } from './tier.js';

/** What a {@link NixOSPermissionHandler} may be given. */
export interface PermissionHandlerOptions {
  /** What is read to make plans. Default: this machine. */
  readonly host?: Host | undefined;
  /** Actions of the host program's own, by name. */
  readonly actions?: Readonly<Record<string, ActionDefinition>> | undefined;
  /** The units that may be healed. Without it: failed services that another unit wants. */
  readonly services?: readonly ServiceOption[] | undefined;
  /** Names, or prefixes ending in `*`, that are never acted on, besides those that never are. */
  readonly protect?: readonly string[] | undefined;
  /** Percentages that plans aim for. */
  readonly thresholds?: (() => ThresholdValues) | undefined;
  /** The numbers that plans are made and proved by. */
  readonly guards?: GuardOptions | undefined;
  /** What the actions on Nix and NixOS may do. */
  readonly nix?: NixOptions | undefined;
  /** Store paths of systems that are never deleted to make room, besides those that run, booted or are to boot. */
  readonly keepSystems?: (() => readonly string[]) | undefined;
  /** What is on record of the systems that ran here. Default: nothing, so that a rollback is for a person to decide. */
  readonly history?: (() => GenerationHistory) | undefined;
  readonly logger?: Logger | undefined;
  /** Path of the socket of the root helper. Default `/run/luminous-healing.sock`. */
  readonly helperSocket?: string | undefined;
}

const OPTIONS = [
  ...['host', 'actions', 'services', 'protect', 'thresholds', 'logger'],
  ...['guards', 'nix', 'keepSystems', 'history', 'helperSocket'],
];

/** A plan, and how the steps in it that take root would be done. */
interface Routed {
  readonly plan: Plan;
  readonly way: PermissionStatus['way'] | 'without-root';
  readonly status?: PermissionStatus;
}

/**
 * The default executor: picks the tier, makes plans, judges them by the safety gates, and carries them out with
 * the least privilege. The tier is read from `LUMINOUS_DEV_MODE` whenever an action is planned.
 */
export class NixOSPermissionHandler implements Executor {
  readonly #host: Host;
  readonly #actions: ActionRegistry;
  readonly #policy: Policy;
  readonly #thresholds: () => ThresholdValues;
  readonly #guards: Guards;
  readonly #nix: NixSettings;
  readonly #keepSystems: () => readonly string[];
  readonly #history: () => GenerationHistory;
  readonly #logger: Logger;
  readonly #helperSocket: string;
  readonly #helper: ServiceClient;
  #inFlight: string | undefined;

  constructor(options: PermissionHandlerOptions = {}) {
    expectKnownKeys('options', expectObject('options', options), OPTIONS);
    this.#host = options.host ?? localHost();
    this.#actions = actionRegistry(options.actions);
    this.#policy = {
      services: options.services === undefined ? undefined : watchedUnits(options.services),
      protect: expectStrings('protect', options.protect ?? []),
    };
    this.#thresholds = options.thresholds ?? thresholdValues;
    this.#guards = guardsFrom(options.guards);
    this.#nix = nixSettings(options.nix);
    this.#keepSystems = options.keepSystems ?? (() => []);
    this.#history = options.history ?? (() => NO_HISTORY);
    this.#logger = options.logger ?? silentLogger;
    this.#helperSocket = pathParameter('helperSocket', options.helperSocket, HELPER_SOCKET);
    this.#helper = new ServiceClient(this.#helperSocket);
  }

  /** What this process may do to the host, and through what. */
  getStatus(): Promise<PermissionStatus> {
    return readPermissionStatus(this.#helperSocket);
  }

  /** Makes the exact steps of an action on this host. Changes nothing; rejects what cannot be meant. */
  async plan(
    action: HealingAction,
    { signal = never() }: { readonly signal?: AbortSignal } = {},
  ): Promise<Plan> {
    return (await this.#route(action, signal)).plan;
  }

  async #route(action: HealingAction, signal: AbortSignal, earlier?: readonly StepReport[]): Promise<Routed> {
    const parts = {
      ...{ host: this.#host, actions: this.#actions, thresholds: this.#thresholds() },
      ...{ guards: this.#guards, nix: this.#nix, keep: this.#keepSystems(), history: this.#history() },
      services: [...(this.#policy.services?.values() ?? [])],
    };
    const plan = await makePlan(action, parts, signal, earlier);
    if (!needsRoot(plan)) return { plan, way: 'without-root' };
    const status = await this.getStatus();
    const { way } = status;
    if (way === 'sudo') return { plan: throughSudo(plan), way, status };
    if (way === 'helper' && isBuiltIn(plan.action)) {
      // What this process would refuse, the helper is not woken for.
      const refused = judgeSafety(plan, this.#policy, { approved: true }) !== undefined;
      return { plan: refused ? plan : await this.#helper.plan(action, plan, signal), way, status };
    }
    if (way === 'in-process') return { plan, way, status };
    const notes = Object.freeze([...plan.notes, lackOf(status)]);
    return { plan: Object.freeze({ ...plan, notes }), way: 'none', status };
  }

  /** Plans anew, judges by the safety gates, and carries out. Never rejects. */
  async execute(action: HealingAction, options: ExecuteOptions = {}): Promise<Execution> {
    const { dryRun = false, signal = never(), approved } = options;
    const start = performance.now();
    const told = (rest: Omit<Execution, 'action' | 'dryRun' | 'durationMs' | 'success'>): Execution => {
      const success = rest.outcome === 'executed' || rest.outcome === 'planned';
      return Object.freeze({
        action: action.action,
        dryRun,
        success,
        ...rest,
        durationMs: performance.now() - start,
      });
    };
    if (typeof action?.action !== 'string') {
      return told({ outcome: 'failed', error: 'Expected an action, as `{ action, parameters }`', steps: [] });
    }
    if (action.action === 'none') {
      return told({ outcome: 'skipped', blockedBy: 'no-action', error: 'There is nothing to do', steps: [] });
    }
    let routed: Routed;
    try {
      routed = await this.#route(action, signal);
    } catch (error) {
      return told({ outcome: 'failed', error: messageOf(error), steps: [] });
    }
    const { plan } = routed;
    const situation = { inFlight: plan.scope === 'host' ? this.#inFlight : undefined, approved };
    const block = judgeSafety(plan, this.#policy, situation);
    if (block) {
      return told({ outcome: 'skipped', plan, blockedBy: block.reason, error: block.sentence, steps: [] });
    }
    if (dryRun) return told({ outcome: 'planned', plan, steps: [] });
    // Claimed before the first wait, so that two calls at once cannot both pass the gate above.
    if (plan.scope === 'host') this.#inFlight = plan.action;
    try {
      return told({ plan, ...(await this.#carryOut(routed, action, { signal, approved })) });
    } finally {
      if (plan.scope === 'host') this.#inFlight = undefined;
    }
  }

  async #carryOut(
    { plan, way, status }: Routed,
    action: HealingAction,
    { signal, approved = false }: { readonly signal: AbortSignal; readonly approved?: boolean | undefined },
  ): Promise<Omit<Execution, 'action' | 'dryRun' | 'durationMs' | 'success'>> {
    if (status && way === 'none') return { outcome: 'failed', error: lackOf(status), steps: [] };
    if (status?.tier === 'development') this.#logger.warn(`LUMINOUS_DEV_MODE is set: ${status.description}`);
    const definition = await actionNamed(plan.action, this.#actions);
    if (way === 'helper') {
      const timeoutMs = plan.steps.reduce((sum, step) => sum + step.timeoutMs, definition.timeoutMs);
      const told = await this.#helper.execute(action, { approved, timeoutMs, signal });
      const { action: _action, dryRun: _dryRun, durationMs: _durationMs, success: _success, ...rest } = told;
      return rest;
    }
    return carryOut(plan, action, {
      definition,
      planOf: async (next, until, earlier) => {
        const routed = await this.#route(next, until, earlier);
        if (routed.way !== 'none') return routed.plan;
        throw new Error(lackOf(routed.status));
      },
      admits: (next) => judgeSafety(next, this.#policy, { approved }) === undefined,
      onLine: (line, { unit }) => {
        // What takes long is followed by a person; what takes a moment is told when it has ended.
        const told = `${plan.action}: ${line}`;
        if (unit === undefined) this.#logger.debug(told);
        else this.#logger.info(told);
      },
      signal,
    });
  }
}

/** Why a step that takes root cannot be done. */
const lackOf = (status: PermissionStatus | undefined): string =>
  status?.way === 'helper'
    ? 'Needs root: the root helper carries out the actions that come with the library, and no others; run as root'
    : `Needs root: ${status?.description ?? 'there is no way to it'}`;

const never = (): AbortSignal => new AbortController().signal;

/** Carries out one action with a {@link NixOSPermissionHandler} of its own, as the documented function does. */
export async function executeHealingAction(
  action: string,
  parameters: Readonly<Record<string, unknown>> = {},
  options: ExecuteOptions & PermissionHandlerOptions = {},
): Promise<Execution> {
  const { dryRun, signal, approved, host = localHost(), ...rest } = options;
  try {
    return await new NixOSPermissionHandler({ ...rest, host }).execute(
      { action, parameters },
      { dryRun, signal, approved },
    );
  } finally {
    if (options.host === undefined) await host.close?.();
  }
}

/** What this process may do to the host, and through what. */
export const getPermissionStatus = (): Promise<PermissionStatus> => readPermissionStatus();
