import type { IssueType, Severity } from '../../../model/issue.js';
import type { BlockReason } from '../../../model/plan.js';
import type { Outcome } from '../../../model/result.js';

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
  /** Effects of the steps on other units, one line each. */
  readonly effects: readonly string[];
  readonly notes: readonly string[];
}

/** A pending request for approval. */
export interface ApprovalView {
  readonly id: string;
  readonly component: string;
  readonly action: string;
  /** Why a person has to decide. */
  readonly reason: string;
  readonly askedAt: number;
  readonly lapsesAt: number;
  /** `null` when it was requested before this process started. */
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

/** Failures and breaker of a component. */
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
  /** Reading before the repair; `null` for repairs of an earlier run. */
  readonly before: string | null;
  /** Reading after the repair: the proof, or why there is none. */
  readonly after: string;
  readonly durationMs: number | null;
  readonly plan: PlanView | null;
  /** Other rungs of the same cycle. */
  readonly rungs: readonly string[];
}

/** A repair that was blocked, or only planned. */
export interface HeldView {
  readonly key: string;
  readonly at: number;
  readonly component: string;
  readonly blockedBy: BlockReason | 'dry-run';
  readonly description: string;
  readonly because: string;
  /** When this gate blocks a repair, and what happens next. */
  readonly when: string;
  readonly next: string;
}
