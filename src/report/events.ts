import { messageOf } from '../base/errors.js';
import { expectOneOf, refusal } from '../base/expect.js';
import type { ApprovalRequest } from '../memory/approvals.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';
import type { Logger } from '../base/logger.js';
import { callOwned } from '../base/pending.js';
import type { BlockReason, Plan } from '../model/plan.js';
import type { HealingResult } from '../model/result.js';

/** Report of one cycle. */
export interface CycleReport {
  /** Time of the readings. */
  readonly timestamp: Date;
  /** Every verdict, `ok` and `unknown` included. */
  readonly verdicts: readonly ComponentVerdict[];
  /** Open issues; in monitoring, only those that have lasted. */
  readonly issues: readonly Issue[];
  /** Results since the last cycle. */
  readonly results: readonly HealingResult[];
  /** Duration of the detection, in milliseconds. */
  readonly detectionMs: number;
}

/** Events of an engine, by name. */
export interface EngineEvents {
  /** A cycle ended. */
  'cycle:done': CycleReport;
  /** A cycle failed as a whole; the next one tries again. */
  'cycle:failed': { readonly error: unknown };
  'issue:opened': { readonly issue: Issue };
  'issue:cleared': { readonly issue: Issue };
  /** The component is gone, such as an unmounted file system: the issue is closed without proof. */
  'issue:gone': { readonly issue: Issue };
  /** An issue opened again soon after its repair was `fixed`. */
  'issue:relapsed': { readonly issue: Issue; readonly action: string; readonly afterMs: number };
  /**
   * A required reading is unknown: a listed unit, a custom check, or a built-in check that could read nothing (then
   * `component` is its name: `services`, when no unit can be read). Emitted once, and again when the reason changes; at
   * most every 5 minutes when it comes and goes.
   */
  'reading:lost': { readonly component: string; readonly check: string; readonly reason: string };
  /** A reading after `reading:lost` is known again, after `forMs` milliseconds. */
  'reading:back': { readonly component: string; readonly check: string; readonly forMs: number };
  /** All gates have passed. A dry run of a monitor announces a plan once while it stays the same. */
  'heal:planned': { readonly issue: Issue; readonly plan: Plan };
  'heal:started': { readonly issue: Issue; readonly plan: Plan };
  /** A temporary change of an earlier repair is about to be undone by this plan. */
  'undo:planned': { readonly component: string; readonly plan: Plan };
  /** A component was repaired successfully several times: the repair does not fix the cause. */
  'issue:recurring': { readonly component: string; readonly times: number };
  /** A plan needs the approval of a person. */
  'approval:asked': { readonly request: ApprovalRequest };
  /** Many services failed at once: nothing is repaired until the storm ends. */
  'storm:began': { readonly components: readonly string[] };
  'storm:ended': { readonly lastedMs: number };
  /** An act ended. */
  'heal:done': { readonly result: HealingResult };
  /** A repair is blocked by a gate. Emitted when the reason changes, and when a gate ends an act that was started. */
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
/** Listener of an event. */
export type Listener<Name extends EventName> = (event: EngineEvents[Name]) => void;

interface Entry {
  readonly call: (event: unknown) => unknown;
  lastError?: string;
}

/** Emits events. Errors of listeners are logged. */
export class Emitter {
  readonly #listeners = new Map<EventName, Set<Entry>>();

  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    expectOneOf('on', name, EVENT_NAMES, 'event');
    if (typeof listener !== 'function') throw refusal('listener', 'a function', listener);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // An entry per call: a function that is added twice is called twice, and removed once at a time.
    const entry: Entry = { call: (event) => listener(event as EngineEvents[Name]) };
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  /** Returns whether an event has listeners, so callers can skip building the payload. */
  hasListeners(name: EventName): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<Name extends EventName>(name: Name, event: EngineEvents[Name], logger: Logger): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined || listeners.size === 0) return;
    for (const entry of [...listeners]) {
      const failed = (error: unknown): void => {
        const message = messageOf(error);
        // Events come in each cycle: the same error is logged once.
        if (message !== entry.lastError) logger.error(`A listener of ${name} threw: ${message}`);
        entry.lastError = message;
      };
      // A listener may be an async function, whatever its type.
      callOwned(() => entry.call(event), failed);
    }
  }
}
