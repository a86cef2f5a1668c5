import { digestOf } from '../../src/memory/approvals.js';
import { recordOf, type GuardState } from '../../src/memory/state.js';
import type { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import type { Issue } from '../../src/model/issue.js';
import type { Plan } from '../../src/model/plan.js';
import type { HealingResult } from '../../src/model/result.js';
import { probesOf } from './conditions.js';
import type { Memories } from './memory.js';
import type { World } from './world.js';

/** Sources for the rules on announcements. */
export interface Heard {
  readonly world: World;
  readonly memories: Memories;
  readonly now: () => number;
  readonly breach: (words: string) => void;
  readonly seen: { relapses: number };
}

const keyOf = ({ component, check }: Issue): string => `${check} ${component}`;

/** Compares the announcements of one life of an engine with each other and with an observer's view. */
export class Announcements {
  readonly #heard: Heard;
  /** Last announced plan, by component. */
  readonly plans = new Map<string, { readonly issue: Issue; readonly plan: Plan }>();
  /** Components whose job was still running when the repair was reported. */
  readonly pending = new Map<string, string>();
  /** Relapses that are not on disk yet, each with a function that removes it from the counts. */
  readonly unstored = new Map<string, () => void>();
  /** Order number of the end of the last repair, by component. */
  readonly actedAt = new Map<string, number>();
  /** Components whose last repair was effective at once and permanently. */
  readonly helped = new Set<string>();
  readonly #doneAt = new Map<string, number>();
  readonly #inHand = new Set<string>();
  readonly #open = new Map<string, Issue>();
  readonly #mustClear = new Set<string>();
  readonly #mustRelapse = new Set<string>();
  readonly #counts = { resolved: 0, failed: 0, relapsed: 0 };
  /** Order number of the start of this life: an engine does not know what an earlier one read. */
  readonly #born: number;

  constructor(heard: Heard) {
    this.#heard = heard;
    this.#born = heard.world.probes.next();
  }

  listen(engine: SimplifiedHealingEngine, isDead: () => boolean): void {
    const alive =
      <Event>(listener: (event: Event) => void) =>
      (event: Event): void => {
        if (!isDead()) listener(event);
      };
    engine.on(
      'heal:planned',
      alive(({ issue, plan }) => this.plans.set(issue.component, { issue, plan })),
    );
    engine.on(
      'heal:started',
      alive(({ issue, plan }) => this.#started(issue, plan)),
    );
    engine.on(
      'heal:blocked',
      alive(({ issue }) => this.#ended(issue)),
    );
    engine.on(
      'heal:done',
      alive(({ result }) => this.#done(result)),
    );
    engine.on(
      'issue:opened',
      alive(({ issue }) => this.#opened(issue)),
    );
    engine.on(
      'issue:cleared',
      alive(({ issue }) => this.#cleared(issue)),
    );
    engine.on(
      'issue:gone',
      alive(({ issue }) => this.#gone(issue)),
    );
    engine.on(
      'issue:relapsed',
      alive(({ issue }) => this.#relapsed(issue)),
    );
  }

  /** Runs between two events: what had to follow at once must have followed. */
  check(): void {
    for (const component of this.#mustRelapse) this.#breach(`The relapse of ${component} was not counted`);
    for (const component of this.#mustClear) {
      const open = [...this.#open.values()].find((issue) => issue.component === component);
      if (open) this.#breach(`${component} is fixed, and its issue is still open`);
    }
    this.#mustRelapse.clear();
    this.#mustClear.clear();
  }

  /** Compares the metrics with the observed events. */
  checkMetrics(engine: SimplifiedHealingEngine): void {
    const { issuesResolved, issuesFailed, issuesRelapsed, successRate } = engine.getMetrics();
    const { resolved, failed, relapsed } = this.#counts;
    const rate = resolved + failed === 0 ? 1 : Math.max(0, resolved - relapsed) / (resolved + failed);
    const said = [issuesResolved, issuesFailed, issuesRelapsed, successRate].join();
    const right = [resolved, failed, relapsed, rate].join();
    if (said !== right) this.#breach(`The metrics say ${said}, and seen was ${right}`);
  }

  #breach(words: string): void {
    this.#heard.breach(words);
  }

  #started({ component }: Issue, plan: Plan): void {
    const last = this.plans.get(component)?.plan;
    if (last === undefined || digestOf(last) !== digestOf(plan))
      this.#breach(`${component}: begun is another plan than was announced`);
    this.#inHand.add(component);
  }

  #ended({ component }: Issue): void {
    this.#inHand.delete(component);
  }

  #done(result: HealingResult): void {
    const { issue, outcome, id } = result;
    const { component } = issue;
    const settled = this.pending.get(component) === id;
    if (outcome === 'fixed') {
      this.#proved(issue, settled ? 1 : 2);
      this.#counts.resolved += 1;
      this.#mustClear.add(component);
    } else if (outcome !== 'pending') {
      this.#counts.failed += 1;
      this.#mustBeFixed(result);
    }
    this.helped.delete(component);
    this.#ended(issue);
    if (outcome === 'pending') this.pending.set(component, id);
    else if (settled) this.pending.delete(component);
    this.#doneAt.set(component, this.#heard.world.probes.next());
  }

  /**
   * What opened the issue, and what read bad before the act, reads ok: a probe so often in a row, in runs that began
   * after the act. No other probe reads bad.
   */
  #proved({ component, check }: Issue, times: number): void {
    const { world } = this.#heard;
    const since = this.actedAt.get(component) ?? Infinity;
    for (const probe of probesOf(component)) {
      const all = world.probes.runs.get(probe) ?? [];
      const runs = all.slice(-times);
      const known = all.filter(({ began }) => since === Infinity || began > this.#born);
      const before = known.findLast(({ began, answer }) => began < since && answer);
      const isNeeded = probe === check || before?.answer?.status === 'bad';
      const isFresh = runs.length === times && runs.every(({ began }) => began > since);
      const right = isNeeded
        ? isFresh && runs.every(({ answer }) => answer?.status === 'ok')
        : all.at(-1)?.answer?.status !== 'bad';
      const read = runs.map(({ answer }) => answer?.status).join();
      if (!right) this.#breach(`${component}: fixed, and \`${probe}\` read ${read}`);
    }
    if (check !== undefined && probesOf(component).includes(check)) return;
    if (world.justChanged(component)) return;
    const { status, moving } = world.truthOf(component);
    if (probesOf(component).includes(component) || (status === 'ok' && !moving)) return;
    this.#breach(`${component}: fixed, and it reads ${status}`);
  }

  /** An effective and lasting repair must be reported as fixed, however slow its checks are. */
  #mustBeFixed({ issue, error = '' }: HealingResult): void {
    const { component } = issue;
    const { world } = this.#heard;
    const since = this.actedAt.get(component) ?? -1;
    if (!this.helped.has(component) || error.includes('was stopped')) return;
    if (
      !world.isSteady(component, since) ||
      !probesOf(component).every((name) => world.probes.isInTime(name))
    )
      return;
    this.#breach(`${component}: it helped, and is called otherwise: ${error}`);
  }

  #opened(issue: Issue): void {
    this.check();
    const { component, check, severity } = issue;
    const { memories, now } = this.#heard;
    this.#open.set(keyOf(issue), issue);
    const since = this.#doneAt.get(component);
    if (since !== undefined && !this.#wasBadSince(issue, since))
      this.#breach(`${component}: an issue opens by a reading from before the end of its repair`);
    if (!memories.relapses(component, check, severity, now())) return;
    this.#mustRelapse.add(component);
    this.#counts.relapsed += 1;
    this.#heard.seen.relapses += 1;
    this.unstored.set(component, memories.relapsed(component, now()));
  }

  /** A relapse that is on disk counts for the next engine. */
  stored(state: GuardState): void {
    for (const component of this.unstored.keys())
      if (recordOf(state, component).fixed === null) this.unstored.delete(component);
  }

  /** The next engine does not know what was not on disk when this one died. */
  died(): void {
    for (const uncount of this.unstored.values()) uncount();
    this.unstored.clear();
  }

  #wasBadSince({ component, check }: Issue, since: number): boolean {
    const { world } = this.#heard;
    if (check !== undefined && probesOf(component).includes(check))
      return (world.probes.runs.get(check) ?? []).some(
        (run) => run.began > since && run.answer?.status === 'bad',
      );
    return world.lastBad(component) > since;
  }

  #cleared(issue: Issue): void {
    const { component } = issue;
    const { world } = this.#heard;
    if (this.#inHand.has(component)) this.#breach(`${component}: cleared in the middle of its repair`);
    this.#open.delete(keyOf(issue));
    const isUnread = issue.check === 'services' && world.conditionOf(component) === 'unknown';
    if (isUnread && !this.#mustClear.has(component) && !world.justChanged(component))
      this.#breach(`${component}: cleared, and it cannot be read`);
  }

  /**
   * Every reading includes all components except an unlisted unit, which is gone only when systemd does not know it.
   */
  #gone(issue: Issue): void {
    const { component, check } = issue;
    const { world } = this.#heard;
    if (this.#inHand.has(component)) this.#breach(`${component}: gone in the middle of its repair`);
    this.#open.delete(keyOf(issue));
    if (world.justChanged(component)) return;
    if (check !== 'services' || world.conditionOf(component) !== 'unknown')
      this.#breach(`${component}: gone, though \`${check}\` reads ${world.truthOf(component).status}`);
  }

  #relapsed({ component }: Issue): void {
    if (!this.#mustRelapse.delete(component)) this.#breach(`${component}: a relapse that was none`);
  }
}
