import { lookAgain } from '../detect/look-again.js';
import { Calls } from '../base/calls.js';
import { asError, messageOf } from '../base/errors.js';
import type { Intent } from '../memory/state.js';
import { dueUndos, undosOf, dropUndosOfOtherBoots } from '../memory/undo.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';
import { repairs } from '../repair/load.js';
import { PlanMemory } from '../repair/plan-memory.js';
import type { EnginePorts } from '../repair/ports.js';
import { Slots } from '../repair/slots.js';
import type { HealingResult } from '../model/result.js';
import { Looks, type Look } from './look.js';
import { noteLapses } from './record-health.js';
import { Reports } from './reports.js';

const NO_ISSUES: readonly Issue[] = Object.freeze([]);

/** Options of one call. */
export interface CallMode {
  readonly signal: AbortSignal;
  /** Makes this call a dry run; the engine's own setting applies as well. */
  readonly dryRun?: boolean | undefined;
  /** Allows plans of the cycles before that led to no repair, and announces a plan of a dry run once. Default `false`. */
  readonly recent?: boolean | undefined;
}

/** Runs looks and repairs, and keeps the open issues and the counters. */
export class Cycle {
  readonly calls = new Calls();
  readonly looks: Looks;
  readonly reports: Reports;
  readonly slots: Slots;
  readonly #ports: EnginePorts;
  readonly #plans: PlanMemory;
  readonly #inRepair = new Map<string, number>();
  readonly #underWay = new Set<Promise<unknown>>();
  #undoing: Promise<void> | undefined;
  #ids = 0;

  constructor(ports: EnginePorts) {
    this.#ports = ports;
    this.slots = new Slots(() => ports.clock.monotonic());
    this.#plans = new PlanMemory(ports.clock);
    this.looks = new Looks(ports, {
      closed: (component) => [this.reports, this.#plans].forEach((memory) => memory.forget(component)),
      settle: (verdicts) => this.#settle(verdicts, 0),
    });
    this.reports = new Reports(ports, this.looks);
  }

  /** Runs one look and one round of repairs, without debounce. */
  once({ signal, dryRun: asked = false }: CallMode): Promise<HealingResult[]> {
    try {
      const dryRun = asked || this.#ports.dryRun;
      const look = this.looks.all({ signal, dryRun });
      return look === undefined ? Promise.resolve([]) : this.#track(this.#repairFrom(look, signal, dryRun));
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /** Runs one look of a monitor, with debounce. Returns the open issues that are not being repaired. */
  watch(signal: AbortSignal): readonly Issue[] | Promise<readonly Issue[]> {
    const { dryRun, guards } = this.#ports;
    const look = this.looks.all({ signal, dryRun, lasting: guards.lasting });
    return look === undefined ? NO_ISSUES : this.#openFrom(look);
  }

  /** Looks at single components between two cycles. */
  async watchOnly(components: ReadonlySet<string>, signal: AbortSignal): Promise<readonly Issue[]> {
    const issues = await this.looks.only(components, signal);
    return issues.filter(({ component }) => !this.inRepair(component));
  }

  /** Repairs issues, the worst first. Returns one result for each, in the order of repair. */
  heal(issues: readonly Issue[], mode: CallMode): Promise<HealingResult[]> {
    return issues.length === 0 ? Promise.resolve([]) : this.#track(this.#heal(issues, mode));
  }

  async #heal(
    issues: readonly Issue[],
    { signal, dryRun: asked = false, recent }: CallMode,
  ): Promise<HealingResult[]> {
    const { ledger } = this.#ports;
    const dryRun = asked || this.#ports.dryRun;
    for (const { component } of issues)
      this.#inRepair.set(component, (this.#inRepair.get(component) ?? 0) + 1);
    try {
      await ledger.open(dryRun);
      if (!dryRun) {
        if (ledger.state.approvals.length > 0) noteLapses(this.#ports);
        await this.looks.relapses.write();
        await this.#settleBefore(issues, signal);
      }
      const { repairRound } = await repairs();
      return await repairRound(issues, this.#ports, {
        ...{ dryRun, signal, slots: this.slots, plans: recent ? this.#plans : undefined },
        nextId: () => this.#nextId(),
        openChecks: (component) => this.looks.open.checksOf(component),
        started: (component) => this.reports.begins(component),
        asked: (plan) => this.looks.recent.asked(plan),
        done: (result) => this.reports.add(result),
      });
    } finally {
      for (const { component } of issues) this.#release(component);
    }
  }

  /** Repairs issues with duplicates. Returns one result for each, in input order; duplicates share one. */
  async healBatch(issues: readonly Issue[], mode: CallMode): Promise<HealingResult[]> {
    const key = ({ type, component }: Issue): string => `${type} ${component}`;
    const unique = new Map<string, Issue>();
    for (const issue of issues) if (!unique.has(key(issue))) unique.set(key(issue), issue);
    const healed = await this.heal([...unique.values()], mode);
    const results = new Map(healed.map((result) => [key(result.issue), result]));
    return issues.flatMap((issue) => results.get(key(issue)) ?? []);
  }

  /** Returns whether a component is being repaired or queued. */
  inRepair(component: string): boolean {
    return this.#inRepair.has(component);
  }

  /** Resolves when no look and no repair is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    await this.slots.idle();
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const ended = (): void => void this.#underWay.delete(work);
    work.then(ended, ended);
    return this.calls.wait(work);
  }

  /** Undoes every temporary change. */
  async undoAll(): Promise<void> {
    await this.#undoing;
    const { ledger, dryRun, bootId } = this.#ports;
    if (dryRun || !ledger.isHeld || undosOf(ledger.state).length === 0) return;
    ledger.note((state) => dropUndosOfOtherBoots(state, bootId));
    const { undoAll } = await repairs();
    await this.slots.take(UNDO, UNDOER, () => undoAll(undosOf(ledger.state), this.#ports));
  }

  /** Undoes temporary changes for components that have been ok for long enough. */
  #undoDue(dry: boolean): void {
    const { ledger, guards, healingEnabled, logger } = this.#ports;
    if (undosOf(ledger.state).length === 0 || this.#undoing !== undefined) return;
    const paused = Object.keys(ledger.state.pauses).length > 0;
    if (dry || !healingEnabled || paused || !ledger.isHeld) return;
    const due = dueUndos(ledger.state, ledger.now(), guards).filter(
      ({ component }) => !this.inRepair(component),
    );
    if (due.length === 0) return;
    this.#undoing = this.slots
      .take(UNDO, UNDOER, async () => (await repairs()).undoAll(due, this.#ports))
      .catch((error: unknown) => logger.warn(messageOf(error)))
      .finally(() => (this.#undoing = undefined));
  }

  /** Verifies repairs that an earlier run began before new ones begin. */
  async #settleBefore(issues: readonly Issue[], signal: AbortSignal): Promise<void> {
    // By the check that opened the issue then.
    for (const { component, check } of this.#ports.ledger.state.intents) {
      if (!issues.some((issue) => issue.component === component)) continue;
      const verdicts = await lookAgain(this.#ports.detector, { component, check, signal }).catch(() => []);
      // This round counts the component once; a second count means a repair by this engine.
      await this.#settle(verdicts, 1);
    }
  }

  async #settle(verdicts: readonly ComponentVerdict[], own: number): Promise<void> {
    const { settleInterrupted, laterResult } = await repairs();
    await settleInterrupted(verdicts, {
      ...this.#ports,
      isInRepair: (component) => (this.#inRepair.get(component) ?? 0) > own,
      isPending: (id) => this.reports.pending(id) !== undefined,
      settled: ({ id }: Intent, outcome, words) => {
        const pending = this.reports.pending(id);
        if (pending) this.reports.add(laterResult(pending, outcome, words, this.#ports.clock.now()));
      },
    });
  }

  async #repairFrom(seen: Promise<Look>, signal: AbortSignal, dryRun: boolean): Promise<HealingResult[]> {
    const look = await seen;
    this.#undoDue(dryRun);
    await this.#undoing;
    const issues = this.looks.open.badNow(look.verdicts);
    const results = await this.heal(issues, { signal, dryRun });
    this.reports.cycleDone({ ...look, issues }, results);
    return results;
  }

  async #openFrom(seen: Promise<Look>): Promise<readonly Issue[]> {
    const look = await seen;
    this.#undoDue(this.#ports.dryRun);
    this.reports.cycleDone(look);
    return look.issues.filter(({ component }) => !this.inRepair(component));
  }

  #release(component: string): void {
    const left = this.#inRepair.get(component)! - 1;
    if (left === 0) this.#inRepair.delete(component);
    else this.#inRepair.set(component, left);
  }

  /** Returns an id that is unique across restarts: the proof of a pending repair may come from the next run. */
  #nextId(): string {
    this.#ids += 1;
    return `${Math.round(this.#ports.clock.now()).toString(36)}-${this.#ids.toString(36)}`;
  }
}

/** Undoing is short and runs in parallel with repairs of services. */
const UNDO = { scope: 'host', alone: false, names: ['undo'], starts: [], stopsIfUp: [] } as const;
const UNDOER = { component: '', action: 'undo' } as const;
