import { isIP } from 'node:net';
import { actionRegistry } from '../../actions/registry.js';
import { BUILT_IN_CHECKS } from '../../model/built-in-checks.js';
import { MountRules, type MountOptions } from '../../detect/mount-rules.js';
import { THRESHOLD_RULES, type Thresholds } from '../../detect/thresholds.js';
import type { ServiceOption } from '../../detect/watched.js';
import { expectBoolean, expectText, refusal } from '../../base/expect.js';
import { number, oneOf, unit, whole, type Leaf } from '../../checks/rules.js';
import { DEFAULT_GUARDS, guardsFrom, type GuardOptions } from '../../model/guards.js';
import { acceptMonitoring } from '../../engine/accept.js';
import { expectPublicUrl, type HostOptions } from '../../observe/http/host-rules.js';
import { nixSettings, type NixOptions } from '../../model/nix-options.js';
import { isLoopback, type ListenOptions } from '../../observe/http/address.js';
import { CHECK_RULE, checkNames, mistakesInChecks, type CheckConfig } from './checks.js';
import { mistakesIn, type Mistake, type Place, type Rule } from './rule.js';

/** Content of the daemon's configuration file. Every key is optional. */
export interface DaemonConfig {
  /** Seconds between two cycles. Default 60. */
  readonly interval?: number;
  readonly dryRun?: boolean;
  readonly verbose?: boolean;
  /** Adds a line of JSON to the log for each event. Default `false`. */
  readonly jsonEvents?: boolean;
  readonly services?: readonly ServiceOption[];
  readonly protect?: readonly string[];
  readonly thresholds?: Partial<Thresholds>;
  readonly mounts?: MountOptions;
  readonly enabledChecks?: readonly string[];
  /** Checks, by name: one kind each (`http`, `tcp` …) with its options, and beside it `heals`, `every` and so on. */
  readonly checks?: Readonly<Record<string, CheckConfig>>;
  readonly guards?: GuardOptions;
  readonly nix?: NixOptions;
  /** The actions that may be carried out, by name; the others are shown and not done. Default: all. */
  readonly allowedActions?: readonly string[];
  /** The file that holds the state. Default: `state.json` in systemd's state directory. */
  readonly state?: string;
  /** Serves metrics, on port 9090 unless told otherwise. Left out: not served. */
  readonly metrics?: ListenOptions & HostOptions;
  /** Serves the dashboard, on port 8080 unless told otherwise. Left out: not served. */
  readonly dashboard?: ListenOptions &
    HostOptions & {
      /** A file whose content a visitor must know. Needed for any address but loopback. */
      readonly tokenFile?: string;
      /** Lets the page approve, pause and reset. Needs a token. Default `false`. */
      readonly controls?: boolean;
    };
}

/** Where nothing else is said, only this machine is served. */
const LOOPBACK = '127.0.0.1';
const METRICS_PORT = 9090;
const DASHBOARD_PORT = 8080;

const path: Leaf = (name, value) => {
  if (typeof value !== 'string' || !value.startsWith('/')) throw refusal(name, 'an absolute path', value);
};
const host: Leaf = (name, value) => {
  const known =
    typeof value === 'string' && (isIP(value) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(value));
  if (!known) throw refusal(name, 'an IP address or the name of a host', value);
};
const service: Rule = {
  keys: { unit, keepRunning: expectBoolean, restartForMemory: expectBoolean },
  needs: ['unit'],
};
const address = {
  ...{ host, port: whole(0, 65_535), allowedHosts: { each: expectText, of: 'names' } },
  publicUrl: expectPublicUrl,
};

const thresholds: Rule = {
  keys: Object.fromEntries(
    [...THRESHOLD_RULES].map(([key, { most }]) => [key, number(0, Math.min(most, Number.MAX_VALUE))]),
  ),
};

/** Each number of the guards is judged by the guards themselves. */
const guards: Rule = {
  keys: Object.fromEntries(
    Object.entries(DEFAULT_GUARDS).map(([group, numbers]: [string, object]) => {
      const rule =
        (key: string): Leaf =>
        (_, value) =>
          void guardsFrom({ [group]: { [key]: value } });
      return [group, { keys: Object.fromEntries(Object.keys(numbers).map((key) => [key, rule(key)])) }];
    }),
  ),
};

/** Rules for each key of the file. */
const RULE: Rule = {
  keys: {
    interval: (_, value) => void acceptMonitoring({ interval: value }),
    dryRun: expectBoolean,
    verbose: expectBoolean,
    jsonEvents: expectBoolean,
    services: {
      each: { pick: (value) => (typeof value === 'string' ? unit : service) },
      of: 'unit names',
    },
    protect: { each: expectText, of: 'unit names' },
    thresholds,
    mounts: (_, value) => void new MountRules(value),
    enabledChecks: { each: oneOf(BUILT_IN_CHECKS, 'check'), of: 'checks' },
    checks: { names: checkNames, values: CHECK_RULE },
    guards,
    nix: {
      keys: {
        allowRollback: expectBoolean,
        deleteOlderThan: (_, value) => void nixSettings({ deleteOlderThan: value }),
        rebuild: {
          keys: {
            flake: (_, value) => void nixSettings({ rebuild: { flake: value } }),
            flags: { each: expectText, of: 'arguments' },
          },
        },
      },
    },
    allowedActions: { each: oneOf(actionRegistry().names, 'action'), of: 'actions' },
    state: path,
    metrics: { keys: address },
    dashboard: { keys: { ...address, tokenFile: path, controls: expectBoolean } },
  } satisfies Record<keyof DaemonConfig, Rule>,
};

/** Everything that is wrong with a configuration; empty when nothing is, and it is a {@link DaemonConfig}. */
export function mistakesInConfig(value: unknown): Mistake[] {
  const mistakes = mistakesIn(RULE, value);
  return mistakes.length > 0 ? mistakes : mistakesBetween(value as DaemonConfig);
}

/** Returns mistakes in the combination of keys. */
function mistakesBetween({ metrics, dashboard, checks, services }: DaemonConfig): Mistake[] {
  const mistakes: Mistake[] = mistakesInChecks(checks, services);
  const say = (place: Place, sentence: string): void => void mistakes.push({ place, sentence });
  const { tokenFile, controls, host = LOOPBACK } = dashboard ?? {};
  if (tokenFile === undefined && !isLoopback(host)) {
    say(['dashboard', 'host'], `\`dashboard.host\` is ${host}, which needs a \`dashboard.tokenFile\``);
  }
  if (tokenFile === undefined && controls === true) {
    say(['dashboard', 'controls'], '`dashboard.controls` needs a `dashboard.tokenFile`');
  }
  const port = dashboard?.port ?? DASHBOARD_PORT;
  if (metrics && dashboard && port !== 0 && port === (metrics.port ?? METRICS_PORT)) {
    say(['dashboard'], `\`metrics\` and \`dashboard\` cannot both have port ${port}`);
  }
  return mistakes;
}
