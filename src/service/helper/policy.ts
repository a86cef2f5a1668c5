import { actionRegistry } from '../../actions/registry.js';
import { MountRules } from '../../detect/mount-rules.js';
import { thresholdValues, type ThresholdValues } from '../../detect/thresholds.js';
import { watchedUnits } from '../../detect/watched.js';
import {
  expectBoolean,
  expectKnownKeys,
  expectNumber,
  expectObject,
  expectOneOf,
  expectStrings,
  refusal,
} from '../../base/expect.js';
import { DEFAULT_GUARDS, type Guards } from '../../model/guards.js';
import type { Policy } from '../../gates/safety.js';
import { nixSettings, type NixSettings } from '../../model/nix-options.js';

/** Who approves an action that needs it: a person on the host, or whoever the daemon says did. */
export type Approver = 'person' | 'daemon';

/** What root allows those who may speak to the helper. It is read anew for each request. */
export interface HelperPolicy {
  /** The actions that may be carried out. */
  readonly actions: readonly string[];
  /** The units that may be acted on, and those that never are. */
  readonly units: Policy;
  /** Whether the daemon's word that somebody approved counts at all. Default `false`: only a person on the host approves. */
  readonly allowApprovals: boolean;
  /** Who approves an action, by its name; default `person` for a change of the generation and `daemon` for the others. */
  readonly approvedBy: ReadonlyMap<string, Approver>;
  /** Percentages that plans aim for. */
  readonly thresholds: ThresholdValues;
  /** Levels that file systems have of their own. */
  readonly mounts: MountRules;
  /** What the actions on Nix and NixOS may do. */
  readonly nix: NixSettings;
  /**
   * Path of what an engine has on record of the systems of this host. It is a claim, which is compared with what root
   * reads. Default: none, and then a person is asked before a rollback.
   */
  readonly record: string | undefined;
  /** How much may be done within an hour, and within a day. */
  readonly limits: Guards['budget'];
}

const KEYS = [
  'version',
  'actions',
  'services',
  'protect',
  'allowApprovals',
  'approvedBy',
  'thresholds',
  'mounts',
  'nix',
  'record',
  'limits',
];

/** Checks a policy. Throws one sentence for the first thing in it that cannot be meant. */
export function parsePolicy(value: unknown): HelperPolicy {
  const given = expectObject('policy', value);
  if ('approvals' in given)
    throw refusal('approvals', 'replaced by `allowApprovals` and `approvedBy`', given.approvals);
  expectKnownKeys('policy', given, KEYS);
  if (given.version !== 1) throw refusal('version', '1', given.version);
  return {
    actions: actionNames('actions', given.actions),
    units: {
      // `failed`: whatever has failed and is wanted, as for an engine without a list.
      services: given.services === 'failed' ? undefined : watchedUnits(given.services ?? null),
      protect: expectStrings('protect', given.protect ?? []),
    },
    allowApprovals: allowed(given.allowApprovals),
    approvedBy: approversFrom(given.approvedBy ?? {}),
    thresholds: thresholdValues(given.thresholds),
    mounts: new MountRules(given.mounts),
    nix: nixFrom(given.nix ?? {}),
    record: given.record === undefined ? undefined : absolutePath('record', given.record),
    limits: limitsFrom(given.limits ?? {}),
  };
}

function allowed(value: unknown = false): boolean {
  expectBoolean('allowApprovals', value);
  return value as boolean;
}

function approversFrom(value: unknown): ReadonlyMap<string, Approver> {
  const entries = Object.entries(expectObject('approvedBy', value));
  const known = actionRegistry().names;
  return new Map(
    entries.map(([name, approver]) => {
      expectOneOf('approvedBy', name, known, 'action');
      return [name, expectOneOf(`approvedBy.${name}`, approver, ['person', 'daemon'], 'word') as Approver];
    }),
  );
}

function absolutePath(option: string, value: unknown): string {
  if (typeof value === 'string' && value.startsWith('/') && !value.includes('\0')) return value;
  throw refusal(option, 'an absolute path', value);
}

function actionNames(option: string, value: unknown): readonly string[] {
  const known = actionRegistry().names;
  return expectStrings(option, value).map((name, index) =>
    expectOneOf(`${option}[${index}]`, name, known, 'action'),
  );
}

/** Which generations must live, only the engine has on record: the helper deletes none, whatever it is told. */
const nixFrom = (value: unknown): NixSettings => ({ ...nixSettings(value), deleteOlderThan: undefined });

function limitsFrom(value: unknown): Guards['budget'] {
  const defaults = DEFAULT_GUARDS.budget;
  const given = expectObject('limits', value);
  expectKnownKeys('limits', given, Object.keys(defaults));
  for (const [key, limit] of Object.entries(given)) {
    expectNumber(`limits.${key}`, limit, 0, 1_000);
    if (!Number.isInteger(limit)) throw refusal(`limits.${key}`, 'a whole number', limit);
  }
  return { ...defaults, ...given };
}
