import type { IssueType, Severity } from '../../../model/issue.js';
import type { BlockReason } from '../../../model/plan.js';
import type { Outcome } from '../../../model/result.js';

/**
 * What the page shows, as plain JSON: the one thing that server and page agree on. Times are milliseconds since
 * the epoch by the engine's clock, and the page measures ages against `at`, so that its own clock does not matter.
 */
export interface View {
  readonly at: number;
  /** Name of the machine. */
  readonly host: string;
  readonly headline: Headline;
  readonly engine: EngineView;
  readonly banners: readonly Banner[];
  readonly approvals: readonly ApprovalView[];
  readonly issues: readonly IssueView[];
  /** How many issues there are beyond those in `issues`. */
  readonly moreIssues: number;
  /** Number of open issues in each category. */
  readonly issuesByType: Readonly<Record<IssueType, number>>;
  readonly readings: readonly ReadingView[];
  readonly units: readonly UnitView[];
  /** How many units there are beyond those in `units`; all of these are well. */
  readonly moreUnits: number;
  readonly breakers: readonly BreakerView[];
  /** What was done, newest first. */
  readonly acts: readonly ActView[];
  /** Commands of people, newest first. */
  readonly commands: readonly CommandView[];
  /** What was not done, newest first. */
  readonly held: readonly HeldView[];
  readonly totals: {
    readonly detected: number;
    readonly resolved: number;
    readonly failed: number;
    /** Ratio 0–1. */
    readonly successRate: number;
    /** Issues that opened, by category. */
    readonly byType: Readonly<Record<IssueType, number>>;
  };
  /** Whether this page may approve, reject, pause, resume and reset. */
  readonly controls: boolean;
}

/** What a person has said, and who it was. */
export interface CommandView {
  readonly at: number;
  readonly command: string;
  readonly of: string;
  readonly by: string;
}

/** How bad it is, in the four tones of the page. */
export type Tone = 'ok' | 'note' | 'bad' | 'unknown';

/** The state in one sentence, and what happens next. */
export interface Headline {
  readonly tone: Tone;
  /** The sentence without the names. */
  readonly lead: string;
  /** The names in it, whole; at most 3. */
  readonly names: readonly string[];
  /** Number of further names. */
  readonly more: number;
  /** The whole sentence, with long names shortened: for the title and the announcement. */
  readonly sentence: string;
  readonly detail: string;
}

/** What the engine is at. */
export interface EngineView {
  readonly monitoring: boolean;
  /** Milliseconds from cycle to cycle; `null` when it is not monitoring. */
  readonly intervalMs: number | null;
  /** When it last looked; `null` before the first time. */
  readonly lastCheck: number | null;
  /** How long that took, in milliseconds. */
  readonly detectionMs: number;
  /** Number of verdicts of the last look. */
  readonly checks: number;
  readonly dryRun: boolean;
}

/** A state of the whole engine that everything else has to be read with. */
export interface Banner {
  readonly kind:
    'dry-run' | 'paused' | 'storm' | 'locked' | 'healing-disabled' | 'not-looking' | 'reading-lost';
  readonly tone: Exclude<Tone, 'ok'>;
  readonly sentence: string;
  /** The reason to `resume`, for a pause. */
  readonly reason?: string;
}

/** A step of a plan, in words. */
export interface StepView {
  readonly kind: 'command' | 'write' | 'call';
  readonly text: string;
}

/** A plan, for a person to judge. */
export interface PlanView {
  readonly action: string;
  readonly effect: string;
  readonly undo: string | null;
  readonly risk: string;
  readonly targets: readonly string[];
  readonly steps: readonly StepView[];
  /** Number of steps beyond those in `steps`. */
  readonly moreSteps: number;
  /** What the steps do to other units, one line each. */
  readonly effects: readonly string[];
  readonly notes: readonly string[];
}

/** A question that waits for an answer. */
export interface ApprovalView {
  readonly id: string;
  readonly component: string;
  readonly action: string;
  /** Why a person has to decide. */
  readonly reason: string;
  readonly askedAt: number;
  readonly lapsesAt: number;
  /** `null` when it was asked before this process began to listen. */
  readonly plan: PlanView | null;
  /** The command with which a person on the host approves it, where the page cannot; `null` where it can. */
  readonly command: string | null;
}

/** An open issue, as `explain()` explains it. */
export interface IssueView {
  readonly component: string;
  readonly type: IssueType;
  readonly severity: Severity;
  readonly description: string;
  readonly openedAt: number;
  readonly evidence: readonly string[];
  /** How many lines of the service's log are left out, because this dashboard has no token. */
  readonly hiddenLines: number;
  readonly tried: readonly {
    readonly at: number;
    readonly action: string;
    readonly outcome: string;
    readonly words: string;
  }[];
  readonly rootCauseUnknown: boolean;
  readonly blockedBy: BlockReason | null;
  readonly blockedBecause: string | null;
  readonly next: string;
  /** All of it, as `explain()` writes it. */
  readonly text: string;
}

/** A verdict with a number, or one without that is not about a unit. */
export interface ReadingView {
  readonly key: string;
  readonly component: string;
  readonly label: string;
  readonly status: 'ok' | 'bad' | 'unknown';
  readonly value: number | null;
  readonly threshold: number | null;
  /** `%`, or empty. */
  readonly unit: string;
  readonly reason: string;
}

/** A unit, or a part of the host program. */
export interface UnitView {
  readonly key: string;
  readonly component: string;
  readonly status: 'ok' | 'bad' | 'unknown';
  readonly reason: string;
}

/** What is remembered against a component. */
export interface BreakerView {
  readonly component: string;
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** When it may try once; `null` when it is not open. */
  readonly until: number | null;
  /** Attempts in a row that did not help. */
  readonly failures: number;
  readonly needsHuman: boolean;
}

/** A repair that was carried out. */
export interface ActView {
  readonly key: string;
  readonly at: number;
  readonly component: string;
  readonly action: string;
  readonly outcome: Outcome;
  /** What was wrong; `null` for repairs of an earlier run. */
  readonly before: string | null;
  /** What was seen afterwards: the proof, or why there is none. */
  readonly after: string;
  readonly durationMs: number | null;
  readonly plan: PlanView | null;
  /** Other rungs of the same cycle. */
  readonly rungs: readonly string[];
}

/** A repair that a gate stood in the way of, or that was only planned. */
export interface HeldView {
  readonly key: string;
  readonly at: number;
  readonly component: string;
  readonly blockedBy: BlockReason | 'dry-run';
  readonly description: string;
  readonly because: string;
  /** When this gate stands in the way, and what comes next. */
  readonly when: string;
  readonly next: string;
}

/** The last hour of one thing that is measured. */
export interface Series {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly threshold: number | null;
  /** One for each of {@link History.times}; `null` where it was not known. */
  readonly values: readonly (number | null)[];
}

/** The last hour. */
export interface History {
  readonly times: readonly number[];
  readonly series: readonly Series[];
}

/** What the stream tells, by the name of the event. */
export interface StreamEvents {
  /** Everything, whenever something has changed. */
  view: View;
  /** The last hour, once. */
  history: History;
  /** Nothing has changed, and the engine's process is alive. */
  beat: { readonly at: number };
}

/** Whether an action can be carried out on this host; asked for on its own, because it seldom changes. */
export interface CapabilityView {
  readonly action: string;
  readonly status: 'available' | 'unavailable' | 'unknown';
  readonly reason: string;
}
