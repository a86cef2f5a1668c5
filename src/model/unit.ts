import type { Reading } from './reading.js';
import type { UnitCircumstances } from './unit-circumstances.js';

/** State of one unit. The names follow the D-Bus properties of systemd. */
export interface UnitReading extends UnitCircumstances {
  /** Requested name, with its suffix: `sshd.service`. */
  readonly name: string;
  /** Primary name: `ssh.service`. */
  readonly id: string;
  /** Every name, including the primary one. */
  readonly names: readonly string[];
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error` … */
  readonly loadState: string;
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`, `maintenance`. */
  readonly activeState: string;
  /** Why systemd cannot load its unit file; empty if it can. */
  readonly loadError: string;
  /** `true` if the unit file changed on disk after systemd loaded it. */
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
  /** For a oneshot: it stays `active (exited)` after its program has ended (`RemainAfterExit=`). */
  readonly remainsAfterExit: boolean;
  /** `true` if it was created at run time by `systemd-run` and has no unit file. */
  readonly transient: boolean;
  /** `true` if it supports `systemctl reload`. */
  readonly canReload: boolean;
  /** Id of the current run: 32 hex digits, or empty. */
  readonly invocationId: string;
  /** Restarts by `Restart=` since it was last started by a job. */
  readonly restarts: number;
  /** Delay before a restart (`RestartSec=`), in milliseconds. */
  readonly restartDelayMs: number;
  /**
   * Restarts by `Restart=` within the last max(10 min, 4 x `restartDelayMs`), without a run of
   * max(60 s, 2 x `restartDelayMs`) in between. Counted from readings; on the first one also from the journal.
   */
  readonly recentRestarts: number;
  /** Restarts by `Restart=` within the last 24 h, as far as they were observed. */
  readonly dailyRestarts: number;
  /** `true` if the run before the last restart ended with `Result=success`; `false` if not known. */
  readonly restartsAfterSuccess: boolean;
  /** Time when it last became active, in milliseconds since the epoch; 0 if never. */
  readonly activeSince: number;
  /**
   * Time when it last became inactive or failed, in milliseconds since the epoch, by the monotonic clock of systemd; 0
   * if never in this boot.
   */
  readonly inactiveSince: number;
  /**
   * Start of its transition, in milliseconds since the epoch, by the monotonic clock of systemd; for a queued job, time
   * of the first reading. 0 when it is not in transition.
   */
  readonly transitionSince: number;
  /** `false` when a `Condition…=` of the unit file prevented its last start. */
  readonly conditionMet: boolean;
  /** Time when its conditions were last tested, in milliseconds since the epoch; 0 if never. */
  readonly conditionAt: number;
  /** Type of its queued or running job (`start`, `stop`, `restart` …), or empty. */
  readonly job: string;
  /** Units that trigger this one (sockets, timers, paths), with their states. */
  readonly triggeredBy: readonly { readonly name: string; readonly activeState: string }[];
  /** Units that this socket, timer or path triggers. */
  readonly triggers: readonly string[];
  /** Units that want or require this one: `WantedBy=` and `RequiredBy=`. */
  readonly wantedBy: readonly string[];
  /** Units that stop with it: `RequiredBy=`, `BoundBy=` and `ConsistsOf=`. */
  readonly dragsAlong: readonly string[];
  /** Units that are started with it: `Requires=` and `BindsTo=`. */
  readonly requires: readonly string[];
  /** Units it needs or comes after: `Requires=`, `BindsTo=` and `After=`. */
  readonly needs: readonly string[];
  /** Start timeout in milliseconds; `Infinity` for no limit. */
  readonly startTimeoutMs: number;
  /** Stop timeout in milliseconds; `Infinity` for no limit. */
  readonly stopTimeoutMs: number;
  /**
   * `true` if a stop job, such as `systemctl stop`, ended its last run: from systemd's signals while subscribed, else
   * from the journal. Only looked up for a unit that is failed, or requested and inactive.
   */
  readonly stoppedByJob: Reading<boolean>;
}
