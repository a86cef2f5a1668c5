import { expectBoolean, expectKnownKeys, expectObject, expectStrings, refusal } from '../base/expect.js';

/** Permissions of the actions on Nix and NixOS. */
export interface NixOptions {
  /** Allows rollbacks on evidence without approval. Default `false`: a rollback is planned and needs approval. */
  readonly allowRollback?: boolean | undefined;
  /**
   * Minimum age of system generations that are deleted when garbage collection alone does not reach the clearing level:
   * a whole number and `h`, `d` or `w`, such as `30d`. Default: no generation is ever deleted.
   */
  readonly deleteOlderThan?: string | undefined;
  /** Arguments of `nixos-rebuild switch` in `rebuild_system`. */
  readonly rebuild?:
    | {
        /** Value of `--flake`: `/etc/nixos#host`. Default: the configuration in `/etc/nixos`. */
        readonly flake?: string | undefined;
        /** Further arguments, one string each. */
        readonly flags?: readonly string[] | undefined;
      }
    | undefined;
}

/** Validated {@link NixOptions} with defaults. */
export interface NixSettings {
  readonly allowRollback: boolean;
  /** As written, and in milliseconds. */
  readonly deleteOlderThan: { readonly words: string; readonly ms: number } | undefined;
  readonly rebuild: { readonly flake: string | undefined; readonly flags: readonly string[] };
}

const HOUR = 3_600_000;
const UNITS: Readonly<Record<string, number>> = { h: HOUR, d: 24 * HOUR, w: 7 * 24 * HOUR };

/** Validates the option `nix` and fills in the defaults. */
export function nixSettings(given: unknown = {}): NixSettings {
  const nix = expectObject('nix', given);
  expectKnownKeys('nix', nix, ['allowRollback', 'deleteOlderThan', 'rebuild']);
  const { allowRollback = false, deleteOlderThan, rebuild = {} } = nix;
  const { flake, flags = [] } = expectObject('nix.rebuild', rebuild);
  expectKnownKeys('nix.rebuild', rebuild as object, ['flake', 'flags']);
  if (flake !== undefined && (typeof flake !== 'string' || flake === '' || flake.startsWith('-'))) {
    throw refusal('nix.rebuild.flake', 'the address of a flake', flake);
  }
  return Object.freeze({
    allowRollback: expectBoolean('nix.allowRollback', allowRollback),
    deleteOlderThan: deleteOlderThan === undefined ? undefined : ageOf(deleteOlderThan),
    rebuild: Object.freeze({ flake, flags: expectStrings('nix.rebuild.flags', flags) }),
  });
}

function ageOf(words: unknown): { readonly words: string; readonly ms: number } {
  const text = typeof words === 'string' ? words : '';
  const [, amount, unit = ''] = /^([1-9]\d{0,4})([hdw])$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[unit] ?? NaN);
  if (Number.isNaN(ms)) {
    throw refusal('nix.deleteOlderThan', 'a whole number of hours, days or weeks, as `30d`', words);
  }
  return Object.freeze({ words: text, ms });
}
