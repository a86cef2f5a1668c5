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

/** Who approves an action: a person on the host, or anyone through the daemon. */
export type Approver = 'person' | 'daemon';

/** Limits that root sets for the helper's clients. It is read again for each request. */
export interface HelperPolicy {
  /** Names of the allowed actions. */
  readonly actions: readonly string[];
  /** Units that may be acted on, and protected units. */
  readonly units: Policy;
  /** Accepts approvals through the daemon. Default `false`: only a person on the host approves. */
  readonly allowApprovals: boolean;
  /** Approver by action name; default `person` for a change of the generation and `daemon` for the others. */
  readonly approvedBy: ReadonlyMap<string, Approver>;
  /** Percentages that plans aim for. */
  readonly thresholds: ThresholdValues;
  /** Thresholds of single file systems. */
  readonly mounts: MountRules;
  /** Permissions of the Nix and NixOS actions. */
  readonly nix: NixSettings;
  /**
   * Path of an engine's state, whose record of NixOS systems is compared with root's own readings. Default: none, and
   * then a rollback needs a person's approval.
   */
  readonly record: string | undefined;
  /** Number of acts allowed per hour, and of generation changes per day. */
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

/** Validates a policy. Throws an error for the first invalid value. */
export function parsePolicy(value: unknown): HelperPolicy {
  const given = expectObject('policy', value);
  if ('approvals' in given)
    throw refusal('approvals', 'replaced by `allowApprovals` and `approvedBy`', given.approvals);
  expectKnownKeys('policy', given, KEYS);
  if (given.version !== 1) throw refusal('version', '1', given.version);
  return {
    actions: actionNames(given.actions),
    units: {
      // `failed`: any failed unit that another one wants, as for an engine without a list.
      services: given.services === 'failed' ? undefined : watchedUnits(given.services ?? null),
      protect: expectStrings('protect', given.protect ?? []),
    },
    allowApprovals:
      given.allowApprovals !== undefined && expectBoolean('allowApprovals', given.allowApprovals),
    approvedBy: approversFrom(given.approvedBy ?? {}),
    thresholds: thresholdValues(given.thresholds),
    mounts: new MountRules(given.mounts),
    nix: nixFrom(given.nix ?? {}),
    record: given.record === undefined ? undefined : absolutePath('record', given.record),
    limits: limitsFrom(given.limits ?? {}),
  };
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

function actionNames(value: unknown): readonly string[] {
  const known = actionRegistry().names;
  return expectStrings('actions', value).map((name, index) =>
    expectOneOf(`actions[${index}]`, name, known, 'action'),
  );
}

/** Ignores `deleteOlderThan`: only the engine has on record which generations must be kept, so the helper deletes none. */
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
