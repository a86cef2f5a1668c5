/** Facts about a unit that follow from related units. */
export interface UnitCircumstances {
  /** Related unit that caused it to be down; `null` if there is none or it is not known. */
  readonly cause: UnitCause | null;
  /**
   * Active units that want, require, bind to, uphold or trigger it. Only looked up for a failed or inactive unit.
   */
  readonly neededBy: readonly string[];
  /**
   * Units that a oneshot with `RemainAfterExit=` groups: those of its `ConsistsOf=`, and the loaded instances of the
   * template of the same name. Empty for other units.
   */
  readonly members: readonly string[];
  /** Oneshots with `RemainAfterExit=` that group it. */
  readonly memberOf: readonly string[];
  /** Processes left in its control group while it is down; 0 if not known. */
  readonly leftProcesses: number;
}

/** Unit that caused another one to be down. */
export interface UnitCause {
  /**
   * `failed`, `ended`: its failure, or its regular end, stopped the other unit. `vanished`: a device or mount went away.
   * `dependency`: it could not be started. `conflict`: it was started, and the two units conflict.
   */
  readonly kind: 'failed' | 'ended' | 'vanished' | 'dependency' | 'conflict';
  /** Full name. */
  readonly unit: string;
  /** Its state now: `active`, `failed` … */
  readonly activeState: string;
}

/** No related units. */
export const NO_CIRCUMSTANCES: UnitCircumstances = Object.freeze({
  cause: null,
  neededBy: Object.freeze([]),
  members: Object.freeze([]),
  memberOf: Object.freeze([]),
  leftProcesses: 0,
});
