import type { ActionDefinition } from '../actions/define.js';
import type { Clock } from '../base/clock.js';
import type { Check } from '../detect/check.js';
import type { Detector } from '../detect/detector.js';
import type { MountOptions } from '../detect/mount-rules.js';
import type { Thresholds } from '../detect/thresholds.js';
import type { ServiceOption } from '../detect/watched.js';
import type { Executor } from '../execute/executor.js';
import {
  expectBoolean,
  expectKnownKeys,
  expectMethods,
  expectObject,
  expectStrings,
  refusal,
} from '../base/expect.js';
import type { GuardOptions } from '../model/guards.js';
import type { Store } from '../memory/store.js';
import type { Approve } from '../repair/approval.js';
import type { Host } from '../host/host.js';
import type { Logger } from '../base/logger.js';
import type { NixOptions } from '../model/nix-options.js';
import type { MetricsAdapter } from '../report/observer.js';
import { DETECTOR_NAMES, refusePythonMethods, RESOLVER_NAMES } from '../base/python-names.js';
import type { Resolver } from '../resolve/resolver.js';

/** What an engine may be told. Everything may be left out. The object is never written to. */
export interface HealingOptions {
  /** Plan and judge, but change nothing. Default `false`; `true` for `quickHeal`. */
  readonly dryRun?: boolean | undefined;
  /** Send debug lines to the logger. Default `false`. */
  readonly verbose?: boolean | undefined;
  /** Where words go; `console` and pino fit. Default: nowhere. */
  readonly logger?: Logger | undefined;
  /**
   * The units to watch and to heal, by name or pattern (`worker@*`); every other unit that failed is reported as `LOW`.
   * Default: any service that has failed and that another unit wants.
   */
  readonly services?: readonly ServiceOption[] | undefined;
  /** Units that are never acted on, besides those that never are: names, or prefixes ending in `*`. */
  readonly protect?: readonly string[] | undefined;
  /** Levels above which something is trouble. */
  readonly thresholds?: Partial<Thresholds> | undefined;
  /** File systems that are left out, and levels of their own: `{ exclude: ['/mnt/*'], levels: { '/archive': { freeBytes: 1e12 } } }`. */
  readonly mounts?: MountOptions | undefined;
  /** Which checks run: `cpu`, `memory`, `disk`, `load`, `services`, `system`, and your own. Default: all. */
  readonly enabledChecks?: readonly string[] | undefined;
  /** Checks of the host program's own. */
  readonly checks?: readonly Check[] | undefined;
  /** Actions of the host program's own, by name; made with `defineAction`. */
  readonly actions?: Readonly<Record<string, ActionDefinition>> | undefined;
  /** The numbers of the rules for acting and not acting. */
  readonly guards?: GuardOptions | undefined;
  /** What the actions on Nix and NixOS may do. */
  readonly nix?: NixOptions | undefined;
  /** Asks a person whether a plan that needs it may be carried out. Default: it waits for `approve(id)`. */
  readonly approve?: Approve | undefined;
  /** Where what was done is remembered: the path of a file, or a store. Default: in memory. */
  readonly state?: string | Store | undefined;
  /** Who measures the engine from outside: `prometheusMetrics`, or your own. Default: nobody. */
  readonly metrics?: readonly MetricsAdapter[] | undefined;
  /** What is read. Default: this machine. */
  readonly host?: Host | undefined;
  /** What finds issues. Default: a `SimpleDetector`. */
  readonly detector?: Detector | undefined;
  /** What picks actions. Default: a `SimpleResolver`. */
  readonly resolver?: Resolver | undefined;
  /** What changes the host. Default: a `NixOSPermissionHandler`. */
  readonly executor?: Executor | undefined;
  /** Time and chance. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

const KNOWN: readonly (keyof HealingOptions)[] = [
  'dryRun',
  'verbose',
  'logger',
  'services',
  'protect',
  'thresholds',
  'mounts',
  'enabledChecks',
  'checks',
  'actions',
  'guards',
  'nix',
  'approve',
  'state',
  'metrics',
  'host',
  'detector',
  'resolver',
  'executor',
  'clock',
];

/** The methods that each part must have. */
export const PART_METHODS = {
  logger: ['debug', 'info', 'warn', 'error'],
  host: ['read'],
  detector: ['detectIssues'],
  resolver: ['getAction'],
  executor: ['plan', 'execute'],
  clock: ['now', 'monotonic', 'sleep', 'random'],
} as const;

/** Refuses options that cannot be meant. What a part checks for itself (thresholds, services, …) is left to it. */
export function expectOptions(options: unknown): HealingOptions {
  const given = expectObject('options', options);
  expectKnownKeys('options', given, KNOWN);
  for (const key of ['dryRun', 'verbose']) if (given[key] !== undefined) expectBoolean(key, given[key]);
  refusePythonMethods('detector', given.detector, DETECTOR_NAMES);
  refusePythonMethods('resolver', given.resolver, RESOLVER_NAMES);
  for (const [part, methods] of Object.entries(PART_METHODS)) {
    if (given[part] !== undefined) expectMethods(part, given[part], methods);
  }
  if (typeof given.state === 'object') expectMethods('state', given.state, ['load', 'save']);
  if (given.approve !== undefined && typeof given.approve !== 'function') {
    throw refusal('approve', 'a function', given.approve);
  }
  if (given.protect !== undefined) expectStrings('protect', given.protect);
  if (given.checks !== undefined && !Array.isArray(given.checks))
    throw refusal('checks', 'an array of checks', given.checks);
  if (given.metrics !== undefined) {
    if (!Array.isArray(given.metrics))
      throw refusal('metrics', 'an array of metrics adapters', given.metrics);
    for (const [index, adapter] of given.metrics.entries()) {
      expectMethods(`metrics[${index}]`, adapter, ['attach']);
    }
  }
  return given;
}
