import type { EngineEvents } from '../report/events.js';
import { recurrences } from '../memory/state.js';
import type { BlockReason } from '../model/plan.js';
import type { EnginePorts } from '../repair/ports.js';
import type { HealingResult } from '../model/result.js';
import type { Look, Looks } from './look.js';

/** Maximum number of results kept between two cycles of monitoring. */
const KEPT = 100;
/** Maximum number of pending repairs that are followed. */
const MOST_PENDING = 1_000;

type ReportPorts = Pick<EnginePorts, 'emit' | 'hasListeners' | 'ledger' | 'guards'>;

/** Counts and reports results, and clears the issue of a proven repair. */
export class Reports {
  readonly #ports: ReportPorts;
  readonly #looks: Looks;
  readonly #last = new Map<string, HealingResult>();
  readonly #pending = new Map<string, HealingResult>();
  readonly #blocks = new Map<string, BlockReason>();
  #sinceCycle: HealingResult[] = [];

  constructor(ports: ReportPorts, looks: Looks) {
    this.#ports = ports;
    this.#looks = looks;
  }

  /** Returns the last result of a component with an open issue. */
  last(component: string): HealingResult | undefined {
    return this.#last.get(component);
  }

  /** Returns the result of a repair whose job still runs. */
  pending(id: string | undefined): HealingResult | undefined {
    return id === undefined ? undefined : this.#pending.get(id);
  }

  forget(component: string): void {
    this.#blocks.delete(component);
    this.#last.delete(component);
  }

  /** Resets the de-duplication of `heal:blocked`, so that every `heal:started` is followed by an event. */
  begins(component: string): void {
    this.#blocks.delete(component);
    this.#looks.repairBegins(component);
  }

  add(result: HealingResult): void {
    const { emit, hasListeners } = this.#ports;
    const { component } = result.issue;
    this.#looks.repairEnds(component);
    this.#looks.counts.healed(result);
    this.#looks.recent.ended(result);
    if (hasListeners('cycle:done')) this.#sinceCycle = [...this.#sinceCycle.slice(1 - KEPT), result];
    if (this.#looks.open.about(component).length > 0) this.#last.set(component, result);
    if (result.outcome === 'skipped') {
      if (this.#blocks.get(component) === result.blockedBy) return;
      this.#blocks.set(component, result.blockedBy);
      emit('heal:blocked', { issue: result.issue, blockedBy: result.blockedBy, error: result.error });
      return;
    }
    this.#blocks.delete(component);
    this.#pending.delete(result.id);
    if (result.outcome === 'pending' && this.#pending.size < MOST_PENDING)
      this.#pending.set(result.id, result);
    if (result.outcome === 'planned') return;
    emit('heal:done', { result });
    if (result.outcome === 'fixed') this.#fixed(component);
  }

  /** Reports a cycle, with the results of its issues or, in monitoring, those since the last cycle. */
  cycleDone(look: Look, results: readonly HealingResult[] = this.#sinceCycle): void {
    this.#sinceCycle = [];
    this.#ports.emit('cycle:done', { ...look, results } satisfies EngineEvents['cycle:done']);
  }

  /** Clears the issue at once: a proven repair is below the clearing level. */
  #fixed(component: string): void {
    this.#looks.proved(component);
    const { ledger, guards, emit } = this.#ports;
    const times = recurrences(ledger.state, component, ledger.now(), guards.useless.withinMs);
    if (times === guards.useless.recurrences) emit('issue:recurring', { component, times });
  }
}
