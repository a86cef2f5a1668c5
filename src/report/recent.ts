import { messageOf } from '../base/errors.js';
import type { CycleReport } from './events.js';
import { digestOf } from '../memory/approvals.js';
import type { BlockReason, Plan } from '../model/plan.js';
import type { ComponentVerdict } from '../model/issue.js';
import type { HealingResult, Outcome } from '../model/result.js';

/** Number of attempts of an action with one outcome. */
export interface ActionCount {
  readonly action: string;
  readonly outcome: Exclude<Outcome, 'skipped'>;
  readonly count: number;
}

/** Last cycle, and the steady time of its end. */
export interface LastLook {
  readonly report: Omit<CycleReport, 'results'>;
  readonly at: number;
}

/** Verdicts, or an object that makes them on demand. */
export type VerdictSource = readonly ComponentVerdict[] | { verdicts(): readonly ComponentVerdict[] };

/** Number of results that are kept. */
const MAX_RESULTS = 100;
/** Number of plans that are kept for requests for approval. */
const MAX_PLANS = 50;
/** Number of actions that are counted by name; a resolver may return any number of names. */
const MAX_NAMES = 100;

/** Keeps the last cycle, the latest results, and counts of both. */
export class RecentActivity {
  readonly #actions = new Map<string, Map<ActionCount['outcome'], number>>();
  readonly #blocked = new Map<BlockReason, number>();
  readonly #results: HealingResult[] = [];
  /** Plans whose approval was requested, by digest. */
  readonly #asked = new Map<string, Plan>();
  cycles = 0;
  failedCycles = 0;
  /** Error of the last cycle; `undefined` after a successful one. */
  failure: { readonly error: string; readonly at: number } | undefined;
  #last: LastLook | undefined;
  /** Cycles without issues are by far the most frequent: only their numbers are kept, and no object is created. */
  #well: VerdictSource | undefined;
  #wellAt = 0;
  #wellTimestamp = 0;
  #wellMs = 0;

  /** Records a cycle that ended at the steady time `at`. */
  looked(report: LastLook['report'], at: number): void {
    this.cycles += 1;
    this.#last = { report, at };
    this.#well = undefined;
    this.failure = undefined;
  }

  /** Records a cycle without issues; `timestamp` in milliseconds since the epoch. */
  lookedWell(seen: VerdictSource, timestamp: number, ms: number, at: number): void {
    this.cycles += 1;
    this.#well = seen;
    this.#wellTimestamp = timestamp;
    this.#wellMs = ms;
    this.#wellAt = at;
    this.failure = undefined;
  }

  /** Records verdicts of these components between two cycles; the verdicts of the others stay. */
  lookedAt(components: ReadonlySet<string>, verdicts: readonly ComponentVerdict[]): void {
    const { last } = this;
    if (last === undefined) return;
    const others = last.report.verdicts.filter(({ component }) => !components.has(component));
    this.#last = { ...last, report: { ...last.report, verdicts: [...others, ...verdicts] } };
    this.#well = undefined;
  }

  failed(error: unknown, at: number): void {
    this.failedCycles += 1;
    this.failure = { error: messageOf(error), at };
  }

  /** Records a plan whose approval is requested. */
  asked(plan: Plan): void {
    const digest = digestOf(plan);
    this.#asked.delete(digest);
    this.#asked.set(digest, plan);
    for (const oldest of this.#asked.keys()) if (this.#asked.size > MAX_PLANS) this.#asked.delete(oldest);
  }

  /** Returns the plan of a request for approval, if this engine has made it. */
  plan(digest: string): Plan | undefined {
    return this.#asked.get(digest);
  }

  ended(result: HealingResult): void {
    if (result.blockedBy === 'needs-approval' && result.plan) this.asked(result.plan);
    if (result.outcome === 'skipped') {
      this.#blocked.set(result.blockedBy, (this.#blocked.get(result.blockedBy) ?? 0) + 1);
    }
    for (const { action, outcome } of result.attempts)
      if (outcome !== 'skipped') this.#count(action, outcome);
    this.#keep(result);
  }

  /** Last successful cycle. */
  get last(): LastLook | undefined {
    if (this.#well === undefined) return this.#last;
    const timestamp = new Date(this.#wellTimestamp);
    const verdicts = 'verdicts' in this.#well ? this.#well.verdicts() : this.#well;
    const report = { verdicts, issues: [], timestamp, detectionMs: this.#wellMs };
    return { report, at: this.#wellAt };
  }

  /** Latest results, by their first occurrence. A repeated result is kept once, in its last form. */
  get results(): readonly HealingResult[] {
    return [...this.#results];
  }

  /** Returns the number of results that a gate blocked. */
  blocked(reason: BlockReason): number {
    return this.#blocked.get(reason) ?? 0;
  }

  /** Returns the number of attempts of an action with an outcome. */
  actions(action: string, outcome: ActionCount['outcome']): number {
    return this.#actions.get(action)?.get(outcome) ?? 0;
  }

  /** Names of all actions that were tried. */
  get actionNames(): readonly string[] {
    return [...this.#actions.keys()];
  }

  #keep(result: HealingResult): void {
    const { component } = result.issue;
    const latest = this.#results.findLastIndex(({ issue }) => issue.component === component);
    if (latest >= 0 && repeats(result, this.#results[latest]!)) this.#results[latest] = result;
    else this.#results.push(result);
    if (this.#results.length > MAX_RESULTS) this.#results.shift();
  }

  #count(name: string, outcome: ActionCount['outcome']): void {
    const action = this.#actions.has(name) || this.#actions.size < MAX_NAMES ? name : 'other';
    const counts = this.#actions.get(action) ?? new Map<ActionCount['outcome'], number>();
    this.#actions.set(action, counts);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
}

/** Returns whether a result repeats another one of the same component. */
const repeats = (now: HealingResult, before: HealingResult): boolean =>
  (now.outcome === 'skipped' || now.outcome === 'planned') &&
  before.outcome === now.outcome &&
  before.blockedBy === now.blockedBy &&
  before.actionTaken === now.actionTaken;
