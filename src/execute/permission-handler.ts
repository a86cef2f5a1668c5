import type { ActionDefinition } from '../actions/define.js';
import { pathParameter } from '../actions/parameters.js';
import { actionRegistry } from '../actions/registry.js';
import type { FindHealer } from '../actions/heal-by-check.js';
import { MountRules, type MountOptions } from '../detect/mount-rules.js';
import { thresholdValues, type ThresholdValues } from '../detect/thresholds.js';
import { watchedUnits, type ServiceOption } from '../detect/watched.js';
import { messageOf } from '../base/errors.js';
import {
  expectBoolean,
  expectFunction,
  expectKnownKeys,
  expectMethods,
  expectObject,
  expectSignal,
  expectStrings,
} from '../base/expect.js';
import { NO_HISTORY, type GenerationHistory } from '../memory/generations.js';
import { guardsFrom, type GuardOptions } from '../model/guards.js';
import type { Host } from '../host/host.js';
import { isThisMachine, localHost } from '../host/local-host.js';
import { lazy } from '../base/lazy.js';
import { silentLogger, type Logger } from '../base/logger.js';
import { nixSettings, type NixOptions } from '../model/nix-options.js';
import type { HealingAction, Plan } from '../model/plan.js';
import {
  EXECUTE_OPTIONS,
  expectHealingAction,
  expectPlanOptions,
  refuseDryRunIn,
} from './execute-options.js';
import type { Capability, ExecuteOptions, Executor } from './executor.js';
import type { LocalExecutor, LocalExecutorOptions } from './local-executor.js';
import type { PermissionStatus } from './permission-status.js';
import { HELPER_SOCKET } from './helper-protocol.js';
import { executionOf, type Execution } from '../model/execution.js';

const localExecutor = lazy(() => import('./local-executor.js'));

/** What a {@link NixOSPermissionHandler} may be given. */
export interface PermissionHandlerOptions {
  /** What is read to make plans. Default: this machine. */
  readonly host?: Host | undefined;
  /**
   * Whether `host` reads this machine. Actions of host scope are carried out on this machine, so they are `unavailable`
   * otherwise. Default: `true` without a `host`, `false` with one.
   */
  readonly readsThisMachine?: boolean | (() => boolean) | undefined;
  /** Actions of the host program's own, by name. */
  readonly actions?: Readonly<Record<string, ActionDefinition>> | undefined;
  /** Finds the functions in the `heals` of checks, each an action of its own. Default: none. */
  readonly healer?: FindHealer | undefined;
  /** The units that may be healed. Without it: failed services that another unit wants. */
  readonly services?: readonly ServiceOption[] | undefined;
  /** Names, or prefixes ending in `*`, that are never acted on, besides those that never are. */
  readonly protect?: readonly string[] | undefined;
  /** Percentages that plans aim for. */
  readonly thresholds?: (() => ThresholdValues) | undefined;
  /** Levels that file systems have of their own, for plans to aim for. */
  readonly mounts?: MountOptions | undefined;
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
  ...['host', 'readsThisMachine', 'actions', 'healer', 'services', 'protect', 'thresholds', 'logger'],
  ...['mounts', 'guards', 'nix', 'keepSystems', 'history', 'helperSocket'],
];

/**
 * The default executor: picks the tier, makes plans, judges them by the safety gates, and carries them out with
 * the least privilege. The tier is read from `LUMINOUS_DEV_MODE` whenever an action is planned.
 *
 * @example
 * ```js
 * import { NixOSPermissionHandler } from '@luminous-nix/self-healing';
 *
 * const executor = new NixOSPermissionHandler({ services: ['nginx'] });
 * const { targets, steps, effect } = await executor.plan({
 *   action: 'restart_service',
 *   parameters: { service: 'nginx' },
 * });
 * console.log(effect, targets.length, steps.length);
 * ```
 */
export class NixOSPermissionHandler implements Executor {
  readonly #acts: () => Promise<LocalExecutor>;
  readonly #helperSocket: string;

  constructor(options: PermissionHandlerOptions = {}) {
    expectKnownKeys('options', expectObject('options', options), OPTIONS);
    const helperSocket = pathParameter('helperSocket', options.helperSocket, HELPER_SOCKET);
    if (options.host !== undefined) expectMethods('host', options.host, ['read']);
    if (options.logger !== undefined)
      expectMethods('logger', options.logger, ['debug', 'info', 'warn', 'error']);
    for (const key of ['healer', 'thresholds', 'keepSystems', 'history'] as const)
      expectFunction(key, options[key]);
    const { protect = [] } = options;
    const { host = localHost(), readsThisMachine = isThisMachine(host) } = options;
    if (typeof readsThisMachine !== 'function') expectBoolean('readsThisMachine', readsThisMachine);
    const parts: LocalExecutorOptions = {
      host,
      readsThisMachine: typeof readsThisMachine === 'function' ? readsThisMachine : () => readsThisMachine,
      actions: actionRegistry(options.actions, options.healer),
      policy: {
        services: options.services === undefined ? undefined : watchedUnits(options.services),
        protect: expectStrings('protect', protect),
      },
      thresholds: options.thresholds ?? thresholdValues,
      mounts: new MountRules(options.mounts),
      guards: guardsFrom(options.guards),
      nix: nixSettings(options.nix),
      keepSystems: options.keepSystems ?? (() => []),
      history: options.history ?? (() => NO_HISTORY),
      logger: options.logger ?? silentLogger,
      helperSocket,
    };
    this.#helperSocket = helperSocket;
    this.#acts = lazy(async () => new (await localExecutor()).LocalExecutor(parts));
  }

  /** What this process may do to the host, and through what. */
  async getStatus(): Promise<PermissionStatus> {
    return (await localExecutor()).readPermissionStatus(this.#helperSocket);
  }

  /**
   * Tells of every action whether it can be carried out on this host, and why not: by the conditions of its plan, and by
   * the way to root that this process has. Changes nothing. What cannot be found out within 5 s is unknown.
   */
  async capabilities(options: { readonly signal?: AbortSignal } = {}): Promise<readonly Capability[]> {
    expectKnownKeys('options', expectObject('options', options), ['signal']);
    const { signal = new AbortController().signal } = options;
    expectSignal(signal);
    return (await this.#acts()).capabilities(signal);
  }

  /** Makes the exact steps of an action on this host. Changes nothing; rejects what cannot be meant. */
  async plan(
    action: HealingAction,
    options: { readonly signal?: AbortSignal; readonly dryRun?: boolean } = {},
  ): Promise<Plan> {
    const { signal = new AbortController().signal, dryRun = false } = expectPlanOptions(options);
    expectHealingAction(action);
    return (await this.#acts()).plan(action, signal, dryRun);
  }

  /** Plans anew, judges by the safety gates, and carries out. Never rejects. */
  async execute(action: HealingAction, options: ExecuteOptions = {}): Promise<Execution> {
    try {
      return await (await this.#acts()).execute(action, options);
    } catch (error) {
      const dryRun = (options as ExecuteOptions | null)?.dryRun === true;
      const name = String((action as Partial<HealingAction> | null)?.action);
      return executionOf(name, { outcome: 'failed', dryRun, error: messageOf(error) });
    }
  }
}

/** Carries out one action with a {@link NixOSPermissionHandler} of its own, as the documented function does. */
export async function executeHealingAction(
  action: string,
  parameters: Readonly<Record<string, unknown>> = {},
  options: ExecuteOptions & PermissionHandlerOptions = {},
): Promise<Execution> {
  expectKnownKeys('options', expectObject('options', options), [...EXECUTE_OPTIONS, ...OPTIONS]);
  refuseDryRunIn('parameters', expectObject('parameters', parameters));
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
export const getPermissionStatus = async (): Promise<PermissionStatus> =>
  (await localExecutor()).readPermissionStatus();
