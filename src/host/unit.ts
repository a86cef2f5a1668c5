import type { Reading } from './reading.js';

/** What systemd says of one unit. The names follow systemd's own D-Bus properties. */
export interface UnitReading {
  /** The name it was asked for by, with its suffix: `sshd.service`. */
  readonly name: string;
  /** Its primary name: `ssh.service`. */
  readonly id: string;
  /** Every name it goes by, the primary one included. */
  readonly names: readonly string[];
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error` … */
  readonly loadState: string;
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`, `maintenance`. */
  readonly activeState: string;
  /** Finer than `activeState`: `running`, `dead`, `auto-restart`, `exited` … */
  readonly subState: string;
  /** `enabled`, `disabled`, `static`, `masked` … Empty where there is no unit file. */
  readonly unitFileState: string;
  /** For a service `simple`, `forking`, `oneshot`, `notify` …; empty for other units. */
  readonly type: string;
  /** For a service `success`, `exit-code`, `signal`, `oom-kill`, `start-limit-hit` …; empty for other units. */
  readonly result: string;
  /** Exit status, or the number of the signal, of the last main process; 0 while none has ended. */
  readonly exitStatus: number;
  /** Whether it was made at run time by `systemd-run` and has no file of its own. */
  readonly transient: boolean;
  /** Whether `systemctl reload` means something to it. */
  readonly canReload: boolean;
  /** Identifies one run of the unit: 32 hex digits, or empty where systemd knows none. */
  readonly invocationId: string;
  /** How often `Restart=` has restarted it since it was last started by a job. */
  readonly restarts: number;
  /** How much `restarts` grew within the last 10 minutes without a run of 60 s in between, by our own readings. */
  readonly recentRestarts: number;
  /** When it last became active, in milliseconds since the epoch; 0 if it never did. */
  readonly activeSince: number;
  /**
   * When it last became inactive or failed, in milliseconds since the epoch; 0 if it never did in this boot. It comes
   * from the monotonic clock of systemd.
   */
  readonly inactiveSince: number;
  /** `false` when a `Condition…=` of the unit file kept it from starting last time. */
  readonly conditionMet: boolean;
  /** The kind of the job that is queued or running for it (`start`, `stop`, `restart` …), or empty. */
  readonly job: string;
  /** Units that start this one when something happens (sockets, timers, paths), and how they are. */
  readonly triggeredBy: readonly { readonly name: string; readonly activeState: string }[];
  /** Units that want or require this one: `WantedBy=` and `RequiredBy=`. */
  readonly wantedBy: readonly string[];
  /** Units that go down with it: `RequiredBy=`, `BoundBy=` and `ConsistsOf=`. */
  readonly dragsAlong: readonly string[];
  /** Units that are started with it: `Requires=` and `BindsTo=`. */
  readonly requires: readonly string[];
  /** Units it needs or comes after: `Requires=`, `BindsTo=` and `After=`. */
  readonly needs: readonly string[];
  /** How long systemd lets it start, in milliseconds; `Infinity` when without limit. */
  readonly startTimeoutMs: number;
  /** How long systemd lets it stop, in milliseconds; `Infinity` when without limit. */
  readonly stopTimeoutMs: number;
  /**
   * Whether somebody's `systemctl stop` (a stop job) ended its last run, by the journal.
   * Looked up only for a unit that was asked for and is inactive without another explanation.
   */
  readonly stoppedByJob: Reading<boolean>;
}
