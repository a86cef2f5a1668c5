import type { GuardState } from '../../src/memory/state.js';
import type { Memories } from './memory.js';

const LAPSE = 15 * 60_000;

/** Request for approval. */
export interface Asked {
  readonly component: string;
  readonly askedAt: number;
  yes: boolean;
  /** `true` if its component has been ok since: then it needs no answer any more. */
  idle: boolean;
}

/** Sources for the rules on approvals. */
export interface QuestionSources {
  readonly memories: Memories;
  readonly seen: { asked: number; approved: number };
  readonly now: () => number;
  /** Returns whether a cycle still finds a component bad. */
  readonly found: (component: string) => boolean;
  readonly breach: (words: string) => void;
}

/** Rules on requests for approval and their answers. */
export class Questions {
  readonly all = new Map<string, Asked>();
  readonly #sources: QuestionSources;
  /** Rejections by an operator or by time, each with the function that reverts it. */
  readonly #refused = new Map<string, { readonly asked: Asked; readonly undo: () => void }>();

  constructor(sources: QuestionSources) {
    this.#sources = sources;
  }

  look(): void {
    const { found, now, memories } = this.#sources;
    for (const [id, asked] of this.all) {
      const { component, askedAt } = asked;
      asked.idle ||= !found(component);
      if (now() - askedAt < LAPSE) continue;
      this.all.delete(id);
      if (asked.idle) continue;
      this.#refused.set(id, { asked, undo: memories.refused(component, 'restart_service', askedAt + LAPSE) });
    }
  }

  ask(id: string, component: string): void {
    const { seen, now, memories, breach } = this.#sources;
    if ((memories.of(component).backoff.get('restart_service')?.until ?? 0) > now())
      breach(`A person is asked about ${component} before its backoff is over`);
    seen.asked += 1;
    this.all.set(id, { component, askedAt: now(), yes: false, idle: false });
  }

  /** The last issue of a component was closed: its requests need no answer any more. */
  over(component: string): void {
    for (const asked of this.all.values()) if (asked.component === component) asked.idle = true;
  }

  refuse(id: string): void {
    const { memories, now } = this.#sources;
    const asked = this.all.get(id);
    if (!asked) return;
    this.all.delete(id);
    // The request ended with its issue: the answer has no effect.
    if (asked.idle) return;
    this.#refused.set(id, { asked, undo: memories.refused(asked.component, 'restart_service', now()) });
  }

  /** Checks that a plan is executed as approved only if it was, and within its time. */
  use(
    component: string,
    moment: { readonly approved: boolean; readonly question: string; readonly needsApproval: boolean },
    must: (right: boolean, why: string) => void,
  ): void {
    const { seen, now } = this.#sources;
    const answer = this.all.get(moment.question);
    const yes = answer?.yes === true && answer.component === component;
    must(yes || !moment.approved, 'called approved, and nobody said yes to this plan');
    if (!moment.needsApproval) return;
    must(moment.approved && yes, 'without approval');
    seen.approved += 1;
    must(now() - (answer?.askedAt ?? now()) < LAPSE, 'on an approval that has lapsed');
  }

  /** One approval permits one execution. */
  forget(question: string, component: string): void {
    // The same plan may have been requested for another component since.
    if (this.all.get(question)?.component === component) this.all.delete(question);
  }

  died(durable: GuardState | undefined): void {
    // The next engine does not know a rejection that was not on disk: it still has the request.
    for (const [id, { asked, undo }] of this.#refused) {
      const kept = durable?.approvals.find((one) => one.id === id);
      if (kept === undefined || this.all.has(id)) continue;
      undo();
      this.all.set(id, asked);
    }
    this.#refused.clear();
    for (const [id, asked] of this.all) {
      const kept = durable?.approvals.find((one) => one.id === id);
      if (!kept) this.all.delete(id);
      else asked.yes = kept.answer === 'yes';
    }
  }
}
