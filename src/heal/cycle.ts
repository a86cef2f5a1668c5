import { asError, messageOf } from '../errors.js';
import { dueUndos, undosOf, withoutOtherBoots } from '../guard/undo.js';
import type { Issue } from '../issue.js';
import type { BlockReason } from '../plan.js';
import type { HealingResult } from '../result.js';
import type { Chronicle } from './chronicle.js';
import { noteLapses } from './health.js';
import { Lanes } from './lanes.js';
import { lookAgain } from './look.js';
import { Looks, type Look } from './looks.js';
import type { OpenIssues } from './open-issues.js';
import { dryRunOf, type Parts } from './parts.js';
import { repairs } from './repairs.js';
import type { Tally } from './tally.js';

const NO_ISSUES: readonly Issue[] = Object.freeze([]);

/** Looks and heals, remembers which issues are open, and counts. */
export class Cycle {
  readonly tally: Tally;
  readonly chronicle: Chronicle;
  readonly open: OpenIssues;
  readonly #looks: Looks;
  readonly #parts: () => Parts;
  readonly #lanes = new Lanes();
  readonly #inHand = new Map<string, number>();
  readonly #blocks = new Map<string, BlockReason>();
  #results: HealingResult[] = [];
  #takingBack: Promise<void> | undefined;
  readonly #lastResults = new Map<string, HealingResult>();

  constructor(parts: () => Parts) {
    this.#parts = parts;
    this.#looks = new Looks(parts, (component) => {
      this.#blocks.delete(component);
      this.#lastResults.delete(component);
    });
    this.tally = this.#looks.tally;
    this.chronicle = this.#looks.chronicle;
    this.open = this.#looks.open;
  }

  /** One look and one round of healing, without debounce. */
  once(signal: AbortSignal, dryRun = false): Promise<HealingResult[]> {
    try {
      const look = this.#looks.all(signal, undefined, dryRun || undefined);
      return look === undefined ? Promise.resolve([]) : this.#healFrom(look, signal, dryRun);
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /** One look of a monitor: what has lasted is an issue. Gives those that nobody is healing. */
  watch(signal: AbortSignal): readonly Issue[] | Promise<readonly Issue[]> {
    const look = this.#looks.all(signal, this.#parts().guards.lasting);
    return look === undefined ? NO_ISSUES : this.#openFrom(look);
  }

  /** The same between two cycles, of these components alone. */
  async watchOnly(components: ReadonlySet<string>, signal: AbortSignal): Promise<readonly Issue[]> {
    const issues = await this.#looks.only(components, signal);
    return issues.filter(({ component }) => !this.inHand(component));
  }

  /** Heals issues, the worst first. One result for each, in the order in which they were handled. */
  async heal(issues: readonly Issue[], signal: AbortSignal, dryRun = false): Promise<HealingResult[]> {
    if (issues.length === 0) return [];
    const parts = dryRun ? dryRunOf(this.#parts()) : this.#parts();
    for (const { component } of issues) this.#inHand.set(component, (this.#inHand.get(component) ?? 0) + 1);
    try {
      await parts.ledger.open(parts.dryRun);
      const { approvals } = parts.ledger.state;
      if (approvals.length > 0 && !parts.dryRun) noteLapses(parts);
      await this.#settle(issues, parts, signal);
      const { healAll } = await repairs();
      return await healAll(issues, parts, this.#lanes, signal, (result) => this.#record(result));
    } finally {
      for (const { component } of issues) this.#release(component);
    }
  }

  /** Heals issues that may be given twice. One result for each, in the order given; duplicates share one. */
  async healBatch(issues: readonly Issue[], signal: AbortSignal, dryRun = false): Promise<HealingResult[]> {
    const key = ({ type, component }: Issue): string => `${type} ${component}`;
    const unique = new Map<string, Issue>();
    for (const issue of issues) if (!unique.has(key(issue))) unique.set(key(issue), issue);
    const healed = await this.heal([...unique.values()], signal, dryRun);
    const results = new Map(healed.map((result) => [key(result.issue), result]));
    return issues.flatMap((issue) => results.get(key(issue)) ?? []);
  }

  /** Whether a component is being healed, or waits in line for it. */
  inHand(component: string): boolean {
    return this.#inHand.has(component);
  }

  /** What last became of a component's issue. */
  lastResult(component: string): HealingResult | undefined {
    return this.#lastResults.get(component);
  }

  /** Resolves when nothing is being healed. */
  idle(): Promise<void> {
    return this.#lanes.idle();
  }

  /** Takes back whatever was changed only for a while: the engine stops. */
  async takeBackAll(): Promise<void> {
    await this.#takingBack;
    const parts = this.#parts();
    const { ledger, dryRun } = parts;
    if (dryRun || !ledger.isHeld || undosOf(ledger.state).length === 0) return;
    ledger.note((state) => withoutOtherBoots(state, parts.bootId));
    const { takeBack } = await repairs();
    await this.#lanes.take('host', () => takeBack(undosOf(ledger.state), parts));
  }

  /** Takes back what was changed for components that have been well for long enough. */
  #takeBackDue(parts: Parts): void {
    const { ledger, guards, dryRun, healingEnabled } = parts;
    if (undosOf(ledger.state).length === 0 || this.#takingBack !== undefined) return;
    const paused = Object.keys(ledger.state.pauses).length > 0;
    if (dryRun || !healingEnabled || paused || !ledger.isHeld) return;
    const due = dueUndos(ledger.state, ledger.now(), guards).filter(
      ({ component }) => !this.inHand(component),
    );
    if (due.length === 0) return;
    this.#takingBack = this.#lanes
      .take('host', async () => (await repairs()).takeBack(due, parts))
      .catch((error: unknown) => parts.logger.warn(messageOf(error)))
      .finally(() => (this.#takingBack = undefined));
  }

  /** What an earlier run began with these components is looked at before anything new is begun. */
  async #settle(issues: readonly Issue[], parts: Parts, signal: AbortSignal): Promise<void> {
    const begun = new Set(parts.ledger.state.intents.map(({ component }) => component));
    for (const issue of issues.filter(({ component }) => begun.has(component) && !parts.dryRun)) {
      const verdict = await lookAgain(issue, parts.detector, signal).catch(() => undefined);
      // This healing holds it in hand once; twice would be an act of this very engine.
      const inHand = (component: string): boolean => (this.#inHand.get(component) ?? 0) > 1;
      if (verdict) await (await repairs()).settleInterrupted([verdict], { ...parts, inHand });
    }
  }

  async #healFrom(seen: Promise<Look>, signal: AbortSignal, dryRun: boolean): Promise<HealingResult[]> {
    const look = await seen;
    if (!dryRun) this.#takeBackDue(this.#parts());
    await this.#takingBack;
    const issues = this.open.badNow(look.verdicts);
    const results = await this.heal(issues, signal, dryRun);
    this.#done({ ...look, issues }, results);
    return results;
  }

  async #openFrom(seen: Promise<Look>): Promise<readonly Issue[]> {
    const look = await seen;
    this.#takeBackDue(this.#parts());
    this.#done(look);
    return look.issues.filter(({ component }) => !this.inHand(component));
  }

  /** Tells of a cycle: with what became of its issues, or, in monitoring, of issues since the last cycle. */
  #done(look: Look, results: readonly HealingResult[] = this.#results): void {
    this.#results = [];
    this.#parts().emit('cycle:done', { ...look, results });
  }

  #release(component: string): void {
    const left = (this.#inHand.get(component) ?? 1) - 1;
    if (left === 0) this.#inHand.delete(component);
    else this.#inHand.set(component, left);
  }

  /** What is tried anew is told of anew, though the same gate stands in the way again: nothing begun ends unheard. */
  begins({ component }: Issue): void {
    this.#blocks.delete(component);
  }

  #record(result: HealingResult): void {
    const { emit, hears } = this.#parts();
    const { component } = result.issue;
    this.tally.healed(result);
    this.chronicle.ended(result);
    if (hears('cycle:done')) this.#results = [...this.#results.slice(-99), result];
    if (this.open.about(component).length > 0) this.#lastResults.set(component, result);
    if (result.outcome === 'skipped') {
      if (this.#blocks.get(component) === result.blockedBy) return;
      this.#blocks.set(component, result.blockedBy);
      emit('heal:blocked', { issue: result.issue, blockedBy: result.blockedBy, error: result.error });
      return;
    }
    this.#blocks.delete(component);
    if (result.outcome !== 'planned') emit('heal:done', { result });
  }
}
