import type { Reading } from './reading.js';

/** What systemd knows of one unit that decides what a job for it does to other units. Read only to make a plan. */
export interface UnitRelations {
  /** Name it was asked for by, with its suffix. */
  readonly name: string;
  /** Primary name. */
  readonly id: string;
  /** Every name, the primary one included. */
  readonly names: readonly string[];
  readonly loadState: string;
  readonly activeState: string;
  /** `simple`, `oneshot`, `notify` … for a service; empty for other units. */
  readonly type: string;
  readonly canReload: boolean;
  readonly refuseManualStart: boolean;
  /** Whether the unit file changed on disk since systemd loaded it. */
  readonly needDaemonReload: boolean;
  /** Whether a start was tried since the host booted, also one that a condition prevented. */
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
   * Times of its starts within the start limit interval, in milliseconds since the epoch, oldest first. Looked up only
   * for a unit with a `StartLimitAction`.
   */
  readonly recentStarts: Reading<readonly number[]>;
}

/** Whether a start of the unit too many makes systemd act on the host itself. */
export const hasStartLimitAction = ({
  startLimitAction,
  startLimitIntervalMs,
  startLimitBurst,
}: UnitRelations): boolean =>
  startLimitAction !== '' && startLimitAction !== 'none' && startLimitIntervalMs > 0 && startLimitBurst > 0;
