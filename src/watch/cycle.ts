import { lookAgain } from '../detect/look-again.js';
import { Calls } from '../base/calls.js';
import { asError, messageOf } from '../base/errors.js';
import type { Intent } from '../memory/state.js';
import { dueUndos, undosOf, dropUndosOfOtherBoots } from '../memory/undo.js';
import type { Chronicle } from '../report/recent.js';
import type { Tally } from '../report/counts.js';
import type { Issue } from '../model/issue.js';
import { repairs } from '../repair/load.js';
import type { EnginePorts } from '../repair/ports.js';
import { Slots } from '../repair/slots.js';
import type { HealingResult } from '../model/result.js';
import { Looks, type Look } from './look.js';
import type { LostReadings } from './report-readings.js';
import type { OpenIssues } from './open-issues.js';
import { noteLapses } from './record-health.js';
import { Reports } from './reports.js';

const NO_ISSUES: readonly Issue[] = Object.freeze([]);

/** How one call is to be carried out. */
export interface CallMode {
  readonly signal: AbortSignal;
  /** Whether this call alone is a dry run; the engine's own setting counts as well. */
  readonly dryRun?: boolean | undefined;
}

/** Looks, repairs, remembers which issues are open, and counts. */
export class Cycle {
  readonly tally: Tally;
  readonly chronicle: Chronicle;
  readonly open: OpenIssues;
  /** Readings that are relied on and unknown. */
  readonly lost: LostReadings;
  readonly calls = new Calls();
  readonly #looks: Looks;
  readonly #ports: EnginePorts;
  readonly #reports: Reports;
  readonly #slots: Slots;
  readonly #inRepair = new Map<string, number>();
  readonly #underWay = new Set<Promise<unknown>>();
  #undoing: Promise<void> | undefined;
  #ids = 0;

  constructor(ports: EnginePorts) {
    this.#ports = ports;
    this.#slots = new Slots(() => ports.clock.monotonic());
    this.#looks = new Looks(ports, {
      closed: (component) => this.#reports.forget(component),
      settle: (verdicts) => this.#settle(verdicts, 0),
    });
    this.tally = this.#looks.tally;
    this.chronicle = this.#looks.chronicle;
    this.open = this.#looks.open;
    this.lost = this.#looks.lost;
    this.#reports = new Reports(ports, this.#looks);
  }

  /** One look and one round of repairs, without debounce. */
  once({ signal, dryRun }: CallMode): Promise<HealingResult[]> {
    try {
      const mode = { signal, dryRun: this.#isDry(dryRun) };
      const look = this.#looks.all(mode);
      return look === undefined ? Promise.resolve([]) : this.#track(this.#repairFrom(look, mode));
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /** One look of a monitor: what has lasted is an issue. Returns those that are not being repaired. */
  watch(signal: AbortSignal): readonly Issue[] | Promise<readonly Issue[]> {
    const { dryRun, guards } = this.#ports;
    const look = this.#looks.all({ signal, dryRun }, guards.lasting);
    return look === undefined ? NO_ISSUES : this.#openFrom(look);
  }

  /** The same between two cycles, of these components alone. */
  async watchOnly(components: ReadonlySet<string>, signal: AbortSignal): Promise<readonly Issue[]> {
    const issues = await this.#looks.only(components, signal);
    return issues.filter(({ component }) => !this.inRepair(component));
  }

  /** Repairs issues, the worst first. One result for each, in the order in which they had their turn. */
  heal(issues: readonly Issue[], mode: CallMode): Promise<HealingResult[]> {
    return issues.length === 0 ? Promise.resolve([]) : this.#track(this.#heal(issues, mode));
  }

  async #heal(issues: readonly Issue[], { signal, dryRun: asked }: CallMode): Promise<HealingResult[]> {
    const dryRun = this.#isDry(asked);
    const { ledger } = this.#ports;
    for (const { component } of issues)
      this.#inRepair.set(component, (this.#inRepair.get(component) ?? 0) + 1);
    try {
      await ledger.open(dryRun);
      if (ledger.state.approvals.length > 0 && !dryRun) noteLapses(this.#ports);
      if (!dryRun) {
        await this.#looks.relapses.write();
        await this.#settleBefore(issues, signal);
      }
      const { repairRound } = await repairs();
      return await repairRound(issues, this.#ports, {
        ...{ dryRun, signal, slots: this.#slots },
        nextId: () => this.#nextId(),
        openChecks: (component) => this.open.checksOf(component),
        started: (component) => this.#reports.begins(component),
        asked: (plan) => this.chronicle.asked(plan),
        done: (result) => this.#reports.add(result),
      });
    } finally {
      for (const { component } of issues) this.#release(component);
    }
  }

  /** Repairs issues that may be given twice. One result for each, in the order given; duplicates share one. */
  async healBatch(issues: readonly Issue[], mode: CallMode): Promise<HealingResult[]> {
    const key = ({ type, component }: Issue): string => `${type} ${component}`;
    const unique = new Map<string, Issue>();
    for (const issue of issues) if (!unique.has(key(issue))) unique.set(key(issue), issue);
    const healed = await this.heal([...unique.values()], mode);
    const results = new Map(healed.map((result) => [key(result.issue), result]));
    return issues.flatMap((issue) => results.get(key(issue)) ?? []);
  }

  /** Whether a component is being repaired, or waits in line for it. */
  inRepair(component: string): boolean {
    return this.#inRepair.has(component);
  }

  /** What a component's repair waits for, and since when; `undefined` when it does not wait in line. */
  waitsFor(component: string): ReturnType<Slots['waitsFor']> {
    return this.#slots.waitsFor(component);
  }

  /** The last result of a component's issue. */
  lastResult(component: string): HealingResult | undefined {
    return this.#reports.last(component);
  }

  /** Resolves when no look and no repair is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    await this.#slots.idle();
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const ended = (): void => void this.#underWay.delete(work);
    work.then(ended, ended);
    return this.calls.wait(work);
  }

  /** Undoes every temporary change: the engine stops. */
  async undoAll(): Promise<void> {
    await this.#undoing;
    const { ledger, dryRun, bootId } = this.#ports;
    if (dryRun || !ledger.isHeld || undosOf(ledger.state).length === 0) return;
    ledger.note((state) => dropUndosOfOtherBoots(state, bootId));
    const { undoAll } = await repairs();
    await this.#slots.take(UNDO, UNDOER, () => undoAll(undosOf(ledger.state), this.#ports));
  }

  /** Undoes what was changed for components that have been well for long enough. */
  #undoDue(dry: boolean): void {
    const { ledger, guards, healingEnabled, logger } = this.#ports;
    if (undosOf(ledger.state).length === 0 || this.#undoing !== undefined) return;
    const paused = Object.keys(ledger.state.pauses).length > 0;
    if (dry || !healingEnabled || paused || !ledger.isHeld) return;
    const due = dueUndos(ledger.state, ledger.now(), guards).filter(
      ({ component }) => !this.inRepair(component),
    );
    if (due.length === 0) return;
    this.#undoing = this.#slots
      .take(UNDO, UNDOER, async () => (await repairs()).undoAll(due, this.#ports))
      .catch((error: unknown) => logger.warn(messageOf(error)))
      .finally(() => (this.#undoing = undefined));
  }

  /** What an earlier run began with these components is verified before anything new begins. */
  async #settleBefore(issues: readonly Issue[], signal: AbortSignal): Promise<void> {
    const { ledger, detector } = this.#ports;
    const components = new Set(issues.map(({ component }) => component));
    // By the check that opened the issue then, whatever this one was opened by.
    for (const { component, check } of ledger.state.intents.filter((intent) =>
      components.has(intent.component),
    )) {
      const verdicts = await lookAgain(detector, { component, check, signal }).catch(() => []);
      // This round itself counts the component once; twice would be an act of this very engine.
      await this.#settle(verdicts, 1);
    }
  }

  async #settle(verdicts: Parameters<Looks['open']['badNow']>[0], own: number): Promise<void> {
    const { settleInterrupted, laterResult } = await repairs();
    const isInRepair = (component: string): boolean => (this.#inRepair.get(component) ?? 0) > own;
    await settleInterrupted(verdicts, {
      ...this.#ports,
      isInRepair,
      isPending: (id) => this.#reports.pending(id) !== undefined,
      settled: ({ id }: Intent, outcome, words) => {
        const pending = this.#reports.pending(id);
        if (pending) this.#reports.add(laterResult(pending, outcome, words, this.#ports.clock.now()));
      },
    });
  }

  async #repairFrom(
    seen: Promise<Look>,
    mode: CallMode & { readonly dryRun: boolean },
  ): Promise<HealingResult[]> {
    const look = await seen;
    this.#undoDue(mode.dryRun);
    await this.#undoing;
    const issues = this.open.badNow(look.verdicts);
    const results = await this.heal(issues, mode);
    this.#reports.cycleDone({ ...look, issues }, results);
    return results;
  }

  async #openFrom(seen: Promise<Look>): Promise<readonly Issue[]> {
    const look = await seen;
    this.#undoDue(this.#ports.dryRun);
    this.#reports.cycleDone(look);
    return look.issues.filter(({ component }) => !this.inRepair(component));
  }

  #isDry(asked = false): boolean {
    return asked || this.#ports.dryRun;
  }

  #release(component: string): void {
    const left = (this.#inRepair.get(component) ?? 1) - 1;
    if (left === 0) this.#inRepair.delete(component);
    else this.#inRepair.set(component, left);
  }

  /** Unique across restarts: the proof of a pending repair may come from the next run. */
  #nextId(): string {
    this.#ids += 1;
    return `${Math.round(this.#ports.clock.now()).toString(36)}-${this.#ids.toString(36)}`;
  }
}

/** Undoing is short, and runs beside repairs of services. */
const UNDO = { scope: 'host', alone: false, names: ['undo'] } as const;
const UNDOER = { component: '', action: 'undo' } as const;
