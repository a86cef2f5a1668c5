import type { CycleReport } from '../events.js';
import { asError } from '../errors.js';
import { isBad, type InspectRequest, type Looked } from '../detect/detector.js';
import { forget } from '../guard/approvals.js';
import type { Guards } from '../guard/guards.js';
import { unitName } from '../host/systemd/unit-name.js';
import { IssueType, Severity, type Issue } from '../issue.js';
import { isPending } from '../pending.js';
import type { BlockReason } from '../plan.js';
import type { HealingResult } from '../result.js';
import { healAll } from './batch.js';
import { gatherEvidence } from './evidence.js';
import { isBlank, noteLapses, noteLook, noteStorm, settleInterrupted } from './health.js';
import { Lanes } from './lanes.js';
import { lookAgain, verdictsOf } from './look.js';
import { OpenIssues, type OpenIssue } from './open-issues.js';
import type { Parts } from './parts.js';
import { Tally } from './tally.js';

type Look = Omit<CycleReport, 'results'>;

const NO_ISSUES: readonly Issue[] = Object.freeze([]);

/** Looks and heals, remembers which issues are open, and counts. */
export class Cycle {
  readonly tally = new Tally();
  readonly open = new OpenIssues();
  readonly #parts: () => Parts;
  readonly #lanes = new Lanes();
  readonly #inHand = new Map<string, number>();
  readonly #blocks = new Map<string, BlockReason>();
  #results: HealingResult[] = [];
  readonly #lastResults = new Map<string, HealingResult>();
  #request: InspectRequest | undefined;

  constructor(parts: () => Parts) {
    this.#parts = parts;
  }

  /** One look and one round of healing, without debounce. */
  once(signal: AbortSignal): Promise<HealingResult[]> {
    try {
      const look = this.#look(signal);
      return look === undefined ? Promise.resolve([]) : this.#healFrom(look, signal);
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /** One look of a monitor: what has lasted is an issue. Gives those that nobody is healing. */
  watch(signal: AbortSignal): readonly Issue[] | Promise<readonly Issue[]> {
    const look = this.#look(signal, this.#parts().guards.lasting);
    return look === undefined ? NO_ISSUES : this.#openFrom(look);
  }

  /** Heals issues, the worst first. One result for each, in the order in which they were handled. */
  async heal(issues: readonly Issue[], signal: AbortSignal): Promise<HealingResult[]> {
    if (issues.length === 0) return [];
    const parts = this.#parts();
    for (const { component } of issues) this.#inHand.set(component, (this.#inHand.get(component) ?? 0) + 1);
    try {
      await parts.ledger.open(parts.dryRun);
      const { approvals } = parts.ledger.state;
      if (approvals.length > 0 && !parts.dryRun) noteLapses(parts);
      await this.#settle(issues, parts, signal);
      return await healAll(issues, parts, this.#lanes, signal, (result) => this.#record(result));
    } finally {
      for (const { component } of issues) this.#release(component);
    }
  }

  /** Heals issues that may be given twice. One result for each, in the order given; duplicates share one. */
  async healBatch(issues: readonly Issue[], signal: AbortSignal): Promise<HealingResult[]> {
    const key = ({ type, component }: Issue): string => `${type} ${component}`;
    const unique = new Map<string, Issue>();
    for (const issue of issues) if (!unique.has(key(issue))) unique.set(key(issue), issue);
    const healed = await this.heal([...unique.values()], signal);
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

  /** What an earlier run began with these components is looked at before anything new is begun. */
  async #settle(issues: readonly Issue[], parts: Parts, signal: AbortSignal): Promise<void> {
    const begun = new Set(parts.ledger.state.intents.map(({ component }) => component));
    for (const issue of issues.filter(({ component }) => begun.has(component) && !parts.dryRun)) {
      const verdict = await lookAgain(issue, parts.detector, signal).catch(() => undefined);
      // This healing holds it in hand once; twice would be an act of this very engine.
      const inHand = (component: string): boolean => (this.#inHand.get(component) ?? 0) > 1;
      if (verdict) await settleInterrupted([verdict], { ...parts, inHand });
    }
  }

  async #healFrom(seen: Promise<Look>, signal: AbortSignal): Promise<HealingResult[]> {
    const look = await seen;
    const issues = this.open.badNow(look.verdicts);
    const results = await this.heal(issues, signal);
    this.#done({ ...look, issues }, results);
    return results;
  }

  async #openFrom(seen: Promise<Look>): Promise<readonly Issue[]> {
    const look = await seen;
    this.#done(look);
    return look.issues.filter(({ component }) => !this.inHand(component));
  }

  /**
   * Looks. `undefined` where all is well, was well before, and nobody listens: then there is nothing more to do, and
   * this costs hardly more than the reading. With `lasting`, only what has lasted is an issue.
   */
  #look(signal: AbortSignal, lasting?: Guards['lasting']): Promise<Look> | undefined {
    const parts = this.#parts();
    const { detector, clock, ledger, dryRun, hears } = parts;
    if (!ledger.isOpen(dryRun)) {
      const look = () => this.#takeIn(verdictsOf(detector, { signal }), clock.monotonic(), signal, lasting);
      return ledger.open(dryRun).then(look);
    }
    const start = clock.monotonic();
    const verdicts = verdictsOf(detector, this.#requestWith(signal));
    if (
      isPending(verdicts) ||
      !this.open.calm ||
      !isBlank(ledger.state) ||
      hears('cycle:done') ||
      verdicts.some(isBad)
    )
      return this.#takeIn(verdicts, start, signal, lasting);
    this.#results = [];
    this.tally.looked(clock.now(), clock.monotonic() - start, 0);
    return undefined;
  }

  async #takeIn(
    looked: Looked,
    start: number,
    signal: AbortSignal,
    lasting: Guards['lasting'] | undefined,
  ): Promise<Look> {
    const verdicts = await looked;
    const parts = this.#parts();
    const { clock, ledger } = parts;
    const detectionMs = clock.monotonic() - start;
    const timestamp = new Date(clock.now());
    const { opened, cleared } = this.open.watch(verdicts, timestamp, ledger.now(), lasting);
    this.tally.looked(timestamp.getTime(), detectionMs, opened.length);
    await Promise.all(opened.map((one) => this.#opened(one, parts, signal)));
    for (const { issue } of cleared) this.#cleared(issue, parts);
    await noteLook(verdicts, parts, signal);
    noteStorm(this.#listedInTrouble(parts), parts);
    return { verdicts, issues: this.open.issues, timestamp, detectionMs };
  }

  /** The same request while the signal is the same. */
  #requestWith(signal: AbortSignal): InspectRequest {
    if (this.#request?.signal !== signal) this.#request = { signal };
    return this.#request;
  }

  async #opened(opened: OpenIssue, parts: Parts, signal: AbortSignal): Promise<void> {
    this.open.keep(opened, await gatherEvidence(opened.issue, parts, signal));
    const { component } = opened.issue;
    const issue = this.open.issues.find((open) => open.component === component) ?? opened.issue;
    parts.emit('issue:opened', { issue });
  }

  #cleared(issue: Issue, { emit, ledger }: Parts): void {
    // What was asked about it needs no answer any more.
    for (const { component, digest } of ledger.state.approvals) {
      if (component === issue.component) ledger.note((state) => forget(state, digest));
    }
    this.#blocks.delete(issue.component);
    this.#lastResults.delete(issue.component);
    emit('issue:cleared', { issue });
  }

  #listedInTrouble({ policy }: Parts): { component: string; since: number }[] {
    if (policy.services === undefined) return [];
    return this.open.issues
      .filter(({ type, severity }) => type === IssueType.SERVICE && severity > Severity.LOW)
      .flatMap(({ component }) => this.open.about(component))
      .filter(({ issue }) => policy.services?.has(unitNameOf(issue.component)))
      .map(({ issue, since }) => ({ component: issue.component, since }));
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

  #record(result: HealingResult): void {
    const { emit } = this.#parts();
    const { component } = result.issue;
    this.tally.healed(result);
    this.#results = [...this.#results.slice(-99), result];
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

/** A listed service may be called by a word that is no unit name only if somebody's own check does so. */
function unitNameOf(component: string): string {
  try {
    return unitName(component);
  } catch {
    return component;
  }
}
