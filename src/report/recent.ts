import { messageOf } from '../base/errors.js';
import type { CycleReport } from './events.js';
import { digestOf } from '../memory/approvals.js';
import type { BlockReason, Plan } from '../model/plan.js';
import type { ComponentVerdict } from '../model/issue.js';
import type { HealingResult, Outcome } from '../model/result.js';

/** How often an action ended in one way. */
export interface ActionCount {
  readonly action: string;
  readonly outcome: Exclude<Outcome, 'skipped'>;
  readonly count: number;
}

/** One look at the host, and the steady time at which it ended. */
export interface LastLook {
  readonly report: Omit<CycleReport, 'results'>;
  readonly at: number;
}

/** What a look saw: verdicts, or what makes them when somebody asks. */
export type VerdictSource = readonly ComponentVerdict[] | { verdicts(): readonly ComponentVerdict[] };

/** How many results are kept. */
const RECENT = 100;
/** So many plans of requests for approval are kept. */
const ASKED = 50;
/** So many different actions are counted each by its name; a resolver may make names up for ever. */
const NAMES = 100;

/** Keeps what somebody who looks in later wants to see: the last look, the latest results, and counts of both. */
export class RecentActivity {
  readonly #actions = new Map<string, Map<ActionCount['outcome'], number>>();
  readonly #blocked = new Map<BlockReason, number>();
  readonly #results: HealingResult[] = [];
  /** Plans that a person was asked about, by digest: a request is shown with its plan, whatever blocks it later. */
  readonly #asked = new Map<string, Plan>();
  #cycles = 0;
  #failedCycles = 0;
  #last: LastLook | undefined;
  /** A look at a host that is well happens most often by far: of it the numbers are kept, and nothing is made. */
  #well: VerdictSource | undefined;
  #wellAt = 0;
  #wellTimestamp = 0;
  #wellMs = 0;
  #failure: { readonly error: string; readonly at: number } | undefined;

  /** A look at the whole host, and the steady time at which it ended. */
  looked(report: LastLook['report'], at: number): void {
    this.#cycles += 1;
    this.#last = { report, at };
    this.#well = undefined;
    this.#failure = undefined;
  }

  /** The same where nothing is in trouble; `timestamp` in milliseconds since the epoch. A glance is not to look again. */
  lookedWell(seen: VerdictSource, timestamp: number, ms: number, at: number): void {
    this.#cycles += 1;
    this.#well = seen;
    this.#wellTimestamp = timestamp;
    this.#wellMs = ms;
    this.#wellAt = at;
    this.#failure = undefined;
  }

  /** A look at these components alone, between two cycles: of the others, what was said last still counts. */
  lookedAt(components: ReadonlySet<string>, verdicts: readonly ComponentVerdict[]): void {
    const { last } = this;
    if (last === undefined) return;
    const others = last.report.verdicts.filter(({ component }) => !components.has(component));
    this.#last = { ...last, report: { ...last.report, verdicts: [...others, ...verdicts] } };
    this.#well = undefined;
  }

  failed(error: unknown, at: number): void {
    this.#failedCycles += 1;
    this.#failure = { error: messageOf(error), at };
  }

  /** A person is asked about a plan. */
  asked(plan: Plan): void {
    const digest = digestOf(plan);
    this.#asked.delete(digest);
    this.#asked.set(digest, plan);
    for (const oldest of this.#asked.keys()) if (this.#asked.size > ASKED) this.#asked.delete(oldest);
  }

  /** The plan of a request for approval, where this engine has made it. */
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

  /** The last look that went well. */
  get last(): LastLook | undefined {
    if (this.#well === undefined) return this.#last;
    const timestamp = new Date(this.#wellTimestamp);
    const verdicts = 'verdicts' in this.#well ? this.#well.verdicts() : this.#well;
    const report = { verdicts, issues: [], timestamp, detectionMs: this.#wellMs };
    return { report, at: this.#wellAt };
  }

  /** Why the last look went wrong, as long as none has gone well since. */
  get failure(): { readonly error: string; readonly at: number } | undefined {
    return this.#failure;
  }

  /** The latest results, in the order in which they were new. What is said in every cycle is there once, as last said. */
  get results(): readonly HealingResult[] {
    return [...this.#results];
  }

  get cycles(): number {
    return this.#cycles;
  }

  get failedCycles(): number {
    return this.#failedCycles;
  }

  /** How often one reason stood in the way. */
  blocked(reason: BlockReason): number {
    return this.#blocked.get(reason) ?? 0;
  }

  /** How often one action ended in one way. */
  actions(action: string, outcome: ActionCount['outcome']): number {
    return this.#actions.get(action)?.get(outcome) ?? 0;
  }

  /** Every action that was ever tried. */
  get actionNames(): readonly string[] {
    return [...this.#actions.keys()];
  }

  #keep(result: HealingResult): void {
    const { component } = result.issue;
    const latest = this.#results.findLastIndex(({ issue }) => issue.component === component);
    if (latest >= 0 && repeats(result, this.#results[latest]!)) this.#results[latest] = result;
    else this.#results.push(result);
    if (this.#results.length > RECENT) this.#results.shift();
  }

  #count(name: string, outcome: ActionCount['outcome']): void {
    const action = this.#actions.has(name) || this.#actions.size < NAMES ? name : 'other';
    const counts = this.#actions.get(action) ?? new Map<ActionCount['outcome'], number>();
    this.#actions.set(action, counts);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
}

/** Whether a result says what another one of the same component has said. */
const repeats = (now: HealingResult, before: HealingResult): boolean =>
  (now.outcome === 'skipped' || now.outcome === 'planned') &&
  before.outcome === now.outcome &&
  before.blockedBy === now.blockedBy &&
  before.actionTaken === now.actionTaken;
