import type { Issue, ComponentVerdict } from '../issue.js';
import type { BlockReason } from '../plan.js';
import type { HealingResult } from '../result.js';
import { healAll } from './batch.js';
import { verdictsOf } from './look.js';
import { OpenIssues, type Turn } from './open-issues.js';
import type { Parts } from './parts.js';
import { Tally } from './tally.js';

/** Looks and heals, remembers which issues are open, and counts. */
export class Cycle {
  readonly tally = new Tally();
  readonly #parts: () => Parts;
  readonly #issues = new OpenIssues();
  readonly #blocks = new Map<string, BlockReason>();
  #results: HealingResult[] = [];
  #acting: Promise<unknown> = Promise.resolve();

  constructor(parts: () => Parts) {
    this.#parts = parts;
  }

  /** One look and one round of healing, without debounce. */
  async once(signal: AbortSignal): Promise<HealingResult[]> {
    const look = await this.#look(signal, (verdicts, now) => this.#issues.look(verdicts, now));
    const results = await this.heal(look.issues, signal);
    this.#done(look);
    return results;
  }

  /** One look of a monitor: what has lasted is an issue. */
  async watch(signal: AbortSignal): Promise<readonly Issue[]> {
    const { lasting } = this.#parts().guards;
    const look = await this.#look(signal, (verdicts, now) => this.#issues.watch(verdicts, now, lasting));
    this.#done(look);
    return look.issues;
  }

  /** Heals issues, the worst first, when whatever is being healed now has ended. One result each, as handled. */
  heal(issues: readonly Issue[], signal: AbortSignal): Promise<HealingResult[]> {
    const round = this.#acting.then(() =>
      healAll(issues, this.#parts(), signal, (result) => this.#record(result)),
    );
    this.#acting = round.catch(() => undefined);
    return round;
  }

  /** Heals issues that may be given twice. One result for each, in the order given; duplicates share one. */
  async healBatch(issues: readonly Issue[], signal: AbortSignal): Promise<HealingResult[]> {
    const key = ({ type, component }: Issue): string => `${type} ${component}`;
    const unique = new Map<string, Issue>();
    for (const issue of issues) if (!unique.has(key(issue))) unique.set(key(issue), issue);
    const results = new Map(
      (await this.heal([...unique.values()], signal)).map((result) => [key(result.issue), result]),
    );
    return issues.flatMap((issue) => results.get(key(issue)) ?? []);
  }

  /** Resolves when nothing is being healed. */
  async idle(): Promise<void> {
    await this.#acting;
  }

  async #look(
    signal: AbortSignal,
    turn: (verdicts: readonly ComponentVerdict[], now: Date) => Turn,
  ): Promise<Look> {
    const { detector, clock, emit } = this.#parts();
    const start = clock.monotonic();
    const verdicts = await verdictsOf(detector, { signal });
    const detectionMs = clock.monotonic() - start;
    const timestamp = new Date(clock.now());
    const { open, opened, cleared } = turn(verdicts, timestamp);
    this.tally.looked(timestamp, detectionMs, opened.length);
    for (const issue of opened) emit('issue:opened', { issue });
    for (const issue of cleared) {
      this.#blocks.delete(issue.component);
      emit('issue:cleared', { issue });
    }
    return { verdicts, issues: open, timestamp, detectionMs };
  }

  #done(look: Look): void {
    const results = this.#results;
    this.#results = [];
    this.#parts().emit('cycle:done', { ...look, results });
  }

  #record(result: HealingResult): void {
    const { emit } = this.#parts();
    const { component } = result.issue;
    this.tally.healed(result);
    this.#results.push(result);
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

interface Look {
  readonly verdicts: readonly ComponentVerdict[];
  readonly issues: readonly Issue[];
  readonly timestamp: Date;
  readonly detectionMs: number;
}
