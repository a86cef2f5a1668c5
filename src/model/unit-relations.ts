import type { Reading } from './reading.js';

/** Properties of a unit that determine the effects of its jobs on other units. Only read to make a plan. */
export interface UnitRelations {
  /** Requested name, with its suffix. */
  readonly name: string;
  /** Primary name. */
  readonly id: string;
  /** Every name, including the primary one. */
  readonly names: readonly string[];
  readonly loadState: string;
  readonly activeState: string;
  /** `simple`, `oneshot`, `notify` … for a service; empty for other units. */
  readonly type: string;
  readonly canReload: boolean;
  readonly refuseManualStart: boolean;
  /** `true` if systemd stops it once no other unit needs it. */
  readonly stopWhenUnneeded: boolean;
  /** `true` if the unit file changed on disk after systemd loaded it. */
  readonly needDaemonReload: boolean;
  /** `true` if a start was attempted in this boot, even if a condition prevented it. */
  readonly triedThisBoot: boolean;
  readonly requires: readonly string[];
  readonly requisite: readonly string[];
  readonly bindsTo: readonly string[];
  readonly wants: readonly string[];
  readonly upholds: readonly string[];
  readonly conflicts: readonly string[];
  readonly conflictedBy: readonly string[];
  readonly requiredBy: readonly string[];
  readonly requisiteOf: readonly string[];
  readonly boundBy: readonly string[];
  readonly consistsOf: readonly string[];
  readonly wantedBy: readonly string[];
  readonly propagatesStopTo: readonly string[];
  readonly propagatesReloadTo: readonly string[];
  readonly onFailure: readonly string[];
  readonly onSuccess: readonly string[];
  /** `replace`, `isolate` … */
  readonly onFailureJobMode: string;
  readonly onSuccessJobMode: string;
  /** `none`, `reboot`, `poweroff-force` … */
  readonly successAction: string;
  readonly failureAction: string;
  readonly startLimitAction: string;
  readonly jobTimeoutAction: string;
  /** Milliseconds; 0 where starts are not limited. */
  readonly startLimitIntervalMs: number;
  readonly startLimitBurst: number;
  /**
   * Its starts within the start limit interval, in milliseconds since the epoch, oldest first. Only looked up for a unit
   * with a `StartLimitAction`.
   */
  readonly recentStarts: Reading<readonly number[]>;
}

/** Returns whether reaching the start limit of the unit makes systemd act on the host itself. */
export const hasStartLimitAction = (unit: UnitRelations): boolean =>
  !['', 'none'].includes(unit.startLimitAction) && unit.startLimitIntervalMs > 0 && unit.startLimitBurst > 0;
