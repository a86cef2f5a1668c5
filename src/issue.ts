/** What kind of thing is in trouble. */
export const IssueType = {
  /** CPU, memory, disk, load. */
  RESOURCE: 'resource',
  /** A systemd unit, or a part of the host program. */
  SERVICE: 'service',
  /** The system as a whole: its NixOS generation, its state. */
  SYSTEM: 'system',
} as const;
export type IssueType = (typeof IssueType)[keyof typeof IssueType];

/** How bad it is, and therefore what may be done about it. */
export const Severity = {
  /** Reported, never acted on. */
  LOW: 1,
  /** Healed when the host has room for it. */
  MEDIUM: 2,
  /** Healed at once. */
  HIGH: 3,
  /** Healed before everything else. */
  CRITICAL: 4,
} as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

/** An action, as a check names it in `heals`. */
export interface Heals {
  readonly action: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A trouble that was found: a bad verdict; in monitoring, only once it has lasted. */
export interface Issue {
  readonly type: IssueType;
  readonly severity: Severity;
  /** One sentence for a person. */
  readonly description: string;
  /**
   * What is in trouble, as a word with a grammar: `cpu`, `memory`, `load`, `disk:/var`, `inodes:/var`, `readonly:/var`, a unit
   * without `.service` (`nginx`), `system`, or a custom check's own.
   */
  readonly component: string;
  /** What was measured, in the unit of `threshold`: percent, load average, or 0 of 1 for a service. */
  readonly metricValue: number;
  /** What it was measured against. */
  readonly threshold: number;
  /** When it was found. */
  readonly timestamp: Date;
  /** Name of the check that opened it: its answer decides whether a repair helped. An issue made by hand has none. */
  readonly check?: string;
  /** What repairs it, where the check that opened it says so with its `heals`. */
  readonly heals?: Heals;
  /** Full name of the unit that this one is down because of: it comes first, and this is no relapse. */
  readonly becauseOf?: string;
  /** How many rungs of the ladder were tried before, 0 first. It tells the resolver which rung comes next. */
  readonly attempt?: number;
  /** What supports the verdict, in lines that a person can check. */
  readonly evidence?: readonly string[];
  /**
   * Those lines of `evidence` that come from the log of the service, at most 10 of 300 characters, or that a check
   * marked so. They can hold anything that the service printed: show them only to readers who may read the journal.
   */
  readonly log?: readonly string[];
}

/** An issue as a person may write it by hand: the time may be left out and is then now. */
export type IssueInput = Omit<Issue, 'timestamp'> & { readonly timestamp?: Date };

/** What a check says of one component. */
export interface Verdict {
  /** `unknown` when the check could not tell. Unknown never leads to an action. */
  readonly status: 'ok' | 'bad' | 'unknown';
  /** One sentence with the numbers: why it is bad, why it is not known, or what was read. */
  readonly reason: string;
  /** How bad; needed when the status is `bad`, `HIGH` when left out. */
  readonly severity?: Severity;
  /** What was measured. */
  readonly value?: number;
  /** What it was measured against. */
  readonly threshold?: number;
  /** Unit of both: `%`, `B`, `s`, `ms`. Left out: a plain number. */
  readonly valueUnit?: string;
  /** In monitoring, an open issue clears only below this value, or at 0. Left out: as soon as it is not bad. */
  readonly clearsAt?: number;
  /** Since when it has been bad, in milliseconds since the epoch, where that is known from its source. */
  readonly since?: number;
  /** Full name of the unit that this one is down because of. */
  readonly becauseOf?: string;
  /** Whether it is on its way to another state by itself: then it is neither trouble nor proof of health. */
  readonly transient?: boolean;
  /** What supports the verdict, in lines that a person can check. */
  readonly evidence?: readonly string[];
  /** Those lines of `evidence` that not everybody may see, such as lines of a log: a dashboard without a token omits them. */
  readonly log?: readonly string[];
}

/** A verdict together with what it is about. */
export interface ComponentVerdict extends Verdict {
  /** Time that a repair has before this check judges it, in milliseconds. Only for checks of the host program. */
  readonly settleMs?: number;
  /** Bad verdicts in a row that open an issue, where the check says so. */
  readonly failAfter?: number;
  /** `ok` verdicts in a row that clear an issue, where the check says so. */
  readonly recoverAfter?: number;
  /** Set where the check was not due: this is its last verdict again, which counts once. */
  readonly repeated?: true;
  /** Set where the check looked, and there is no such component. */
  readonly absent?: true;
  /** Name of the check that gave it. */
  readonly check: string;
  readonly component: string;
  readonly type: IssueType;
  /** What repairs it, where a check says so with its `heals`. */
  readonly heals?: Heals;
}
