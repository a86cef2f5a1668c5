import type { Reading } from './reading.js';
import type { UnitCircumstances } from './unit-circumstances.js';

/** What systemd says of one unit. The names follow systemd's own D-Bus properties. */
export interface UnitReading extends UnitCircumstances {
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
  /** Why its unit file cannot be used, in systemd's words; empty where it can. */
  readonly loadError: string;
  /** Whether the unit file changed on disk since systemd loaded it. */
  readonly needsReload: boolean;
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
  /** How the last main process ended: `exited`, `killed` (by a signal), `dumped`; empty while none has ended. */
  readonly exitKind: 'exited' | 'killed' | 'dumped' | '';
  /** For a oneshot: whether it stays `active (exited)` after its program has ended (`RemainAfterExit=`). */
  readonly remainsAfterExit: boolean;
  /** Whether it was made at run time by `systemd-run` and has no file of its own. */
  readonly transient: boolean;
  /** Whether `systemctl reload` means something to it. */
  readonly canReload: boolean;
  /** Identifies one run of the unit: 32 hex digits, or empty where systemd knows none. */
  readonly invocationId: string;
  /** How often `Restart=` has restarted it since it was last started by a job. */
  readonly restarts: number;
  /** How long systemd waits before it restarts it (`RestartSec=`), in milliseconds. */
  readonly restartDelayMs: number;
  /**
   * Restarts by `Restart=` within the last max(10 min, 4 x `restartDelayMs`), without a run of
   * max(60 s, 2 x `restartDelayMs`) in between: by our own readings, on a first one also by the journal.
   */
  readonly recentRestarts: number;
  /** Restarts by `Restart=` within the last 24 h, however long the runs between them, as far as they were seen. */
  readonly dailyRestarts: number;
  /** Whether the last run that was restarted ended with `Result=success`; `false` where that is not known. */
  readonly restartsAfterSuccess: boolean;
  /** When it last became active, in milliseconds since the epoch; 0 if it never did. */
  readonly activeSince: number;
  /**
   * When it last became inactive or failed, in milliseconds since the epoch; 0 if it never did in this boot. It comes
   * from the monotonic clock of systemd.
   */
  readonly inactiveSince: number;
  /**
   * Since when it has been in transition, in milliseconds since the epoch: by systemd's monotonic clock, for a job that
   * is queued by our own readings. 0 where it is in no transition.
   */
  readonly transitionSince: number;
  /** `false` when a `Condition…=` of the unit file kept it from starting last time. */
  readonly conditionMet: boolean;
  /** When its conditions were last tested, in milliseconds since the epoch; 0 if they never were. */
  readonly conditionAt: number;
  /** The kind of the job that is queued or running for it (`start`, `stop`, `restart` …), or empty. */
  readonly job: string;
  /** Units that start this one when something happens (sockets, timers, paths), and how they are. */
  readonly triggeredBy: readonly { readonly name: string; readonly activeState: string }[];
  /** Units that this one starts when something happens, where it is a socket, timer or path. */
  readonly triggers: readonly string[];
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
   * Whether a stop job, as of `systemctl stop`, ended its last run: by systemd's signals while they are heard, else by
   * the journal. Looked up only for a unit that is failed, or was asked for and is inactive.
   */
  readonly stoppedByJob: Reading<boolean>;
}
