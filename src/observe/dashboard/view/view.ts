import type { IssueType } from '../../../model/issue.js';
import type { ActView, ApprovalView, BreakerView, HeldView, IssueView } from './repair-views.js';

export type * from './repair-views.js';

/**
 * What the page shows, as plain JSON: the one thing that server and page agree on. Times are milliseconds since
 * the epoch by the engine's clock, and the page measures ages against `at`, so that its own clock does not matter.
 */
export interface View {
  readonly at: number;
  readonly host: string;
  readonly headline: Headline;
  readonly engine: EngineView;
  readonly banners: readonly Banner[];
  readonly approvals: readonly ApprovalView[];
  readonly issues: readonly IssueView[];
  /** Number of issues beyond those in `issues`. */
  readonly moreIssues: number;
  /** Number of open issues in each category. */
  readonly issuesByType: Readonly<Record<IssueType, number>>;
  readonly readings: readonly ReadingView[];
  readonly units: readonly UnitView[];
  /** Number of units beyond those in `units`; all of them are healthy. */
  readonly moreUnits: number;
  readonly breakers: readonly BreakerView[];
  /** Repairs, newest first. */
  readonly acts: readonly ActView[];
  /** Commands of people, newest first. */
  readonly commands: readonly CommandView[];
  /** Blocked repairs, newest first. */
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
  /** Set when this page may approve, reject, pause, resume and reset. */
  readonly controls: boolean;
}

/** A command of an operator, with its author. */
export interface CommandView {
  readonly at: number;
  readonly command: string;
  readonly of: string;
  readonly by: string;
}

/** Severity in the four tones of the page. */
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

export interface EngineView {
  readonly monitoring: boolean;
  /** Milliseconds from cycle to cycle; `null` when it is not monitoring. */
  readonly intervalMs: number | null;
  /** Time of the last check; `null` before the first. */
  readonly lastCheck: number | null;
  /** Duration of that check, in milliseconds. */
  readonly detectionMs: number;
  /** Number of verdicts of the last look. */
  readonly checks: number;
  readonly dryRun: boolean;
}

/** A state of the engine that affects everything else. */
export interface Banner {
  readonly kind:
    'dry-run' | 'paused' | 'storm' | 'locked' | 'healing-disabled' | 'not-looking' | 'reading-lost';
  readonly tone: Exclude<Tone, 'ok'>;
  readonly sentence: string;
  /** The reason to `resume`, for a pause. */
  readonly reason?: string;
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

/** Events of the stream, by name. */
export interface StreamEvents {
  /** Everything, whenever something has changed. */
  view: View;
  /** The last hour, once. */
  history: History;
  /** Heartbeat: nothing has changed. */
  beat: { readonly at: number };
}

/** Availability of an action on this host; requested separately, because it seldom changes. */
export interface CapabilityView {
  readonly action: string;
  readonly status: 'available' | 'unavailable' | 'unknown';
  readonly reason: string;
}
