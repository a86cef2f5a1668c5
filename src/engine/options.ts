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
  expectFunction,
  expectKnownKeys,
  expectMethods,
  expectObject,
  expectStrings,
  refusal,
} from '../base/expect.js';
import type { GuardOptions } from '../model/guards.js';
import type { Store } from '../memory/store.js';
import type { Approve } from '../repair/ports.js';
import type { Host } from '../host/host.js';
import type { Logger } from '../base/logger.js';
import type { NixOptions } from '../model/nix-options.js';
import type { MetricsAdapter } from '../report/observer.js';
import { DETECTOR_NAMES, refusePythonMethods, RESOLVER_NAMES } from '../base/python-names.js';
import type { Resolver } from '../resolve/resolver.js';

/** Options of an engine, all optional. The object is never written to. */
export interface HealingOptions {
  /** Plans and checks the gates, but changes nothing. Default `false`; `true` for `quickHeal`. */
  readonly dryRun?: boolean | undefined;
  /** Also sends debug messages to the logger. Default `false`. */
  readonly verbose?: boolean | undefined;
  /** Receives log messages; `console` and pino fit. Default: none. */
  readonly logger?: Logger | undefined;
  /**
   * Units to watch and repair, by name or pattern (`worker@*`); every other failed unit is reported as `LOW`. Default: any
   * failed service that another unit wants.
   */
  readonly services?: readonly ServiceOption[] | undefined;
  /** Additional protected units: names, or prefixes ending in `*`. */
  readonly protect?: readonly string[] | undefined;
  /** Thresholds above which an issue is raised. */
  readonly thresholds?: Partial<Thresholds> | undefined;
  /** File systems to exclude, and levels of single ones: `{ exclude: ['/mnt/*'], levels: { '/archive': { freeBytes: 1e12 } } }`. */
  readonly mounts?: MountOptions | undefined;
  /** Checks that run: `cpu`, `memory`, `disk`, `load`, `services`, `system`, and custom ones. Default: all. */
  readonly enabledChecks?: readonly string[] | undefined;
  /** Custom checks. */
  readonly checks?: readonly Check[] | undefined;
  /** Custom actions by name; made with `defineAction`. */
  readonly actions?: Readonly<Record<string, ActionDefinition>> | undefined;
  /** Tuning for debounce, backoff, breakers and budgets. */
  readonly guards?: GuardOptions | undefined;
  /** Options of the actions on Nix and NixOS. */
  readonly nix?: NixOptions | undefined;
  /** Requests approval of a plan from a person. Default: the request waits for `approve(id)`. */
  readonly approve?: Approve | undefined;
  /** Durable state: the path of a file, or a store. Default: in memory. */
  readonly state?: string | Store | undefined;
  /** Metrics adapters: `prometheusMetrics`, or custom ones. Default: none. */
  readonly metrics?: readonly MetricsAdapter[] | undefined;
  /** Host to read. Default: this machine. */
  readonly host?: Host | undefined;
  /** Finds issues. Default: a `SimpleDetector`. */
  readonly detector?: Detector | undefined;
  /** Picks actions. Default: a `SimpleResolver`. */
  readonly resolver?: Resolver | undefined;
  /** Changes the host. Default: a `NixOSPermissionHandler`. */
  readonly executor?: Executor | undefined;
  /** Time and random numbers. Default: those of the machine. */
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

/** Required methods of each part. */
export const PART_METHODS = {
  logger: ['debug', 'info', 'warn', 'error'],
  host: ['read'],
  detector: ['detectIssues'],
  resolver: ['getAction'],
  executor: ['plan', 'execute'],
  clock: ['now', 'monotonic', 'sleep', 'random'],
} as const;

/** Checks the options. Parts check their own options (thresholds, services, …). */
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
  expectFunction('approve', given.approve);
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
