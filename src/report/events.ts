import { messageOf } from '../base/errors.js';
import { expectOneOf, refusal } from '../base/expect.js';
import type { ApprovalRequest } from '../memory/approvals.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';
import type { Logger } from '../base/logger.js';
import { callOwned } from '../base/pending.js';
import type { BlockReason, Plan } from '../model/plan.js';
import type { HealingResult } from '../model/result.js';

/** What one look at the host gave. */
export interface CycleReport {
  /** When it was taken. */
  readonly timestamp: Date;
  /** Every verdict, `ok` and `unknown` included. */
  readonly verdicts: readonly ComponentVerdict[];
  /** What is in trouble; in monitoring, what has been for long enough. */
  readonly issues: readonly Issue[];
  /** What became of issues since the last cycle. */
  readonly results: readonly HealingResult[];
  /** How long the looking took, in milliseconds. */
  readonly detectionMs: number;
}

/** What an engine tells its listeners, by the name of the event. */
export interface EngineEvents {
  /** The host was looked at. */
  'cycle:done': CycleReport;
  /** Looking at the host went wrong as a whole; the next cycle tries again. */
  'cycle:failed': { readonly error: unknown };
  'issue:opened': { readonly issue: Issue };
  'issue:cleared': { readonly issue: Issue };
  /** Nothing is read of its component any more, as of a file system that was unmounted: closed, and not known to be well. */
  'issue:gone': { readonly issue: Issue };
  /** An issue opened again soon after its repair was `fixed`: that repair did not last. */
  'issue:relapsed': { readonly issue: Issue; readonly action: string; readonly afterMs: number };
  /**
   * A reading that is relied on is unknown: a listed unit, a check of the host program, or a check of the library that
   * could read nothing (then `component` is its name: `services`, when no unit at all can be read). Emitted once, and
   * again when the reason changes; at most every 5 minutes when it comes and goes.
   */
  'reading:lost': { readonly component: string; readonly check: string; readonly reason: string };
  /** A reading of which `reading:lost` was emitted is known again, after `forMs` milliseconds. */
  'reading:back': { readonly component: string; readonly check: string; readonly forMs: number };
  'heal:planned': { readonly issue: Issue; readonly plan: Plan };
  'heal:started': { readonly issue: Issue; readonly plan: Plan };
  /** A temporary change of an earlier repair is undone next, by this plan. */
  'undo:planned': { readonly component: string; readonly plan: Plan };
  /** A component was repaired with success again and again: the repair does not reach the cause. */
  'issue:recurring': { readonly component: string; readonly times: number };
  /** A person is asked whether a plan may be carried out. */
  'approval:asked': { readonly request: ApprovalRequest };
  /** Many services turned bad at once: nothing is repaired until it is calm. */
  'storm:began': { readonly components: readonly string[] };
  'storm:ended': { readonly lastedMs: number };
  /** An act ended, well or not. */
  'heal:done': { readonly result: HealingResult };
  /** A gate stands in the way; told when the reason changes, and when an act that was begun ends by it. */
  'heal:blocked': { readonly issue: Issue; readonly blockedBy: BlockReason; readonly error: string };
}

/** Every event, by name. */
const EVENT_NAMES: readonly (keyof EngineEvents)[] = [
  'cycle:done',
  'cycle:failed',
  'issue:opened',
  'issue:cleared',
  'issue:gone',
  'issue:relapsed',
  'issue:recurring',
  'reading:lost',
  'reading:back',
  'heal:planned',
  'heal:started',
  'heal:done',
  'heal:blocked',
  'undo:planned',
  'approval:asked',
  'storm:began',
  'storm:ended',
];

/** The name of an event. */
export type EventName = keyof EngineEvents;
/** A function that is told of an event. */
export type Listener<Name extends EventName> = (event: EngineEvents[Name]) => void;

interface Entry {
  readonly tell: (event: unknown) => unknown;
  /** What it threw last. */
  fault?: string;
}

/** Tells listeners what happens. A listener that throws hurts nobody: it is logged. */
export class Emitter {
  readonly #listeners = new Map<EventName, Set<Entry>>();

  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    expectOneOf('on', name, EVENT_NAMES, 'event');
    if (typeof listener !== 'function') throw refusal('listener', 'a function', listener);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // Wrapped, so that one function that listens twice is called twice and un-listens once.
    const entry: Entry = { tell: (event) => listener(event as EngineEvents[Name]) };
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  /** Whether anybody listens, so that what nobody hasListeners need not be made. */
  hasListeners(name: EventName): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<Name extends EventName>(name: Name, event: EngineEvents[Name], logger: Logger): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined || listeners.size === 0) return;
    for (const entry of [...listeners]) {
      const failed = (error: unknown): void => {
        const fault = messageOf(error);
        // Events come in each cycle: the same fault again is no news.
        if (fault !== entry.fault) logger.error(`A listener of ${name} threw: ${fault}`);
        entry.fault = fault;
      };
      // A listener may be an async function, whatever its type says.
      callOwned(() => entry.tell(event), failed);
    }
  }
}
