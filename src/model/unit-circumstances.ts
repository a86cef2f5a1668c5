/** What the units around a unit tell of it. */
export interface UnitCircumstances {
  /** Why it is down, where that lies with another unit; `null` where it does not, or that is not known. */
  readonly cause: UnitCause | null;
  /**
   * Active units that want, require, bind to, uphold or trigger it. Looked up only for a unit that is failed or
   * inactive.
   */
  readonly neededBy: readonly string[];
  /**
   * Units that a oneshot with `RemainAfterExit=` speaks for: those of its `ConsistsOf=`, and the loaded instances of
   * the template of the same name. Empty for other units.
   */
  readonly members: readonly string[];
  /** Names of the oneshots with `RemainAfterExit=` that it is a member of. */
  readonly memberOf: readonly string[];
  /** Processes that are left in its control group although it is down; 0 where there are none or that is not known. */
  readonly leftProcesses: number;
}

/** The unit that another one is down because of. */
export interface UnitCause {
  /**
   * `failed`, `ended`: it failed, or ended well by itself, and the stop came with that. `vanished`: it is a device or
   * mount that went away. `dependency`: a start ended because it could not be started. `conflict`: it was started, and
   * both cannot run.
   */
  readonly kind: 'failed' | 'ended' | 'vanished' | 'dependency' | 'conflict';
  /** Full name of that unit. */
  readonly unit: string;
  /** How that unit is now: `active`, `failed` … */
  readonly activeState: string;
}

/** Nothing but the unit itself matters. */
export const NO_CIRCUMSTANCES: UnitCircumstances = Object.freeze({
  cause: null,
  neededBy: Object.freeze([]),
  members: Object.freeze([]),
  memberOf: Object.freeze([]),
  leftProcesses: 0,
});
