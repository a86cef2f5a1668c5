/** Kind of an issue. */
export const IssueType = {
  /** CPU, memory, disk, load. */
  RESOURCE: 'resource',
  /** A systemd unit, or a part of the host program. */
  SERVICE: 'service',
  /** The system as a whole: its state and NixOS generation. */
  SYSTEM: 'system',
} as const;
export type IssueType = (typeof IssueType)[keyof typeof IssueType];

/** Severity of an issue, which decides when it is repaired. */
export const Severity = {
  /** Reported, never repaired. */
  LOW: 1,
  /** Repaired when the host is not busy. */
  MEDIUM: 2,
  /** Repaired at once. */
  HIGH: 3,
  /** Repaired before everything else. */
  CRITICAL: 4,
} as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

/** Action named by the `heals` of a check. */
export interface Heals {
  readonly action: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A problem that was detected: a bad verdict; in monitoring, only once it has lasted. */
export interface Issue {
  readonly type: IssueType;
  readonly severity: Severity;
  /** One sentence. */
  readonly description: string;
  /**
   * Affected component: `cpu`, `memory`, `load`, `disk:/var`, `inodes:/var`, `readonly:/var`, a unit without `.service`
   * (`nginx`), `system`, or the component of a custom check.
   */
  readonly component: string;
  /** Measured value, in the unit of `threshold`: percent, load average, or 0 of 1 for a service. */
  readonly metricValue: number;
  /** Threshold that the value exceeded. */
  readonly threshold: number;
  /** Time of detection. */
  readonly timestamp: Date;
  /** Name of the check that opened it, which also verifies the repair. Absent for an issue that the caller wrote. */
  readonly check?: string;
  /** Repair named by the `heals` of its check. */
  readonly heals?: Heals;
  /** Full name of the unit that caused it. That unit is repaired first, and this issue is no relapse. */
  readonly becauseOf?: string;
  /** Number of rungs of the ladder tried before, from 0. Selects the next rung. */
  readonly attempt?: number;
  /** Lines that support the verdict. */
  readonly evidence?: readonly string[];
  /**
   * Lines of `evidence` from the log of the service (at most 10 of 300 characters), or marked as such by a check. They
   * may contain anything the service printed: show them only to readers who may read the journal.
   */
  readonly log?: readonly string[];
}

/** An issue written by the caller. `timestamp` defaults to now. */
export type IssueInput = Omit<Issue, 'timestamp'> & { readonly timestamp?: Date };

/** Result of a check for one component. */
export interface Verdict {
  /** `unknown` when the check cannot decide; never leads to an action. */
  readonly status: 'ok' | 'bad' | 'unknown';
  /** One sentence with the numbers: why it is bad or unknown, or what was read. */
  readonly reason: string;
  /** Severity of a bad status. Default `HIGH`. */
  readonly severity?: Severity;
  /** Measured value. */
  readonly value?: number;
  /** Threshold for the value. */
  readonly threshold?: number;
  /** Unit of both: `%`, `B`, `s`, `ms`. Default: a plain number. */
  readonly valueUnit?: string;
  /** In monitoring, an open issue clears only below this value, or at 0. Default: as soon as the status is not bad. */
  readonly clearsAt?: number;
  /** Start of the bad state in milliseconds since the epoch, where the source reports it. */
  readonly since?: number;
  /** Full name of the unit that caused it. */
  readonly becauseOf?: string;
  /** `true` while it is in transition: neither an issue nor proof of health. */
  readonly transient?: boolean;
  /** Lines that support the verdict. */
  readonly evidence?: readonly string[];
  /** Confidential lines of `evidence`, such as log lines: a dashboard without a token omits them. */
  readonly log?: readonly string[];
}

/** A verdict with its component and check. */
export interface ComponentVerdict extends Verdict {
  /** Time from a repair to its verification, in milliseconds. Only for checks of the host program. */
  readonly settleMs?: number;
  /** Bad verdicts in a row that open an issue, where the check sets it. */
  readonly failAfter?: number;
  /** `ok` verdicts in a row that clear an issue, where the check sets it. */
  readonly recoverAfter?: number;
  /** Set when the check was not due and its last verdict is repeated, which counts once. */
  readonly repeated?: true;
  /** Set when the component does not exist. */
  readonly absent?: true;
  readonly check: string;
  readonly component: string;
  readonly type: IssueType;
  /** Repair named by the `heals` of the check. */
  readonly heals?: Heals;
}
