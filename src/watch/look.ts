import type { InspectRequest, Looked } from '../detect/detector.js';
import { isBad } from '../detect/issue-from.js';
import { verdictsOf } from '../detect/look-again.js';
import type { CycleReport } from '../report/events.js';
import { removeApproval } from '../memory/approvals.js';
import type { Guards } from '../model/guards.js';
import { RecentActivity, type VerdictSource } from '../report/recent.js';
import { Counts } from '../report/counts.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';
import { isPending } from '../base/pending.js';
import type { EnginePorts } from '../repair/ports.js';
import { askForAbsent, namesAll } from './absent.js';
import { FastPath } from './fast-path.js';
import { gatherEvidence } from './log-evidence.js';
import { Outdated } from './outdated.js';
import { LostReadings } from './report-readings.js';
import { OpenIssues, type Turn } from './open-issues.js';
import { isBlank, noteLook, type Settle } from './record-health.js';
import { Relapses } from './record-relapse.js';
import { noteStorm } from './record-storm.js';

/** Result of one look at the host. */
export type Look = Omit<CycleReport, 'results'>;

/** Options of one look. */
export interface LookMode {
  readonly signal: AbortSignal;
  readonly dryRun: boolean;
  /** Limits of the debounce. Default: no debounce. */
  readonly lasting?: Guards['lasting'];
}

/** Callbacks of a look. */
export interface LookEffects {
  /** Receives each component whose issue was cleared, or is gone. */
  readonly closed: (component: string) => void;
  /** Verifies repairs that an earlier run left open. */
  readonly settle: Settle;
}

/** Looks at the host and keeps the open issues. */
export class Looks {
  readonly counts = new Counts();
  readonly recent = new RecentActivity();
  readonly open = new OpenIssues();
  readonly lost: LostReadings;
  readonly relapses: Relapses;
  readonly #ports: EnginePorts;
  readonly #effects: LookEffects;
  readonly #fastPath = new FastPath();
  #request: InspectRequest | undefined;
  readonly #outdated = new Outdated();
  readonly #inHand = new Set<string>();

  constructor(ports: EnginePorts, effects: LookEffects) {
    this.#ports = ports;
    this.lost = new LostReadings(ports);
    this.relapses = new Relapses(ports, this.counts);
    this.#effects = effects;
  }

  /**
   * Looks at the host. Returns `undefined` where everything is and was ok and nothing listens: that costs little more
   * than the reading.
   */
  all(mode: LookMode): Promise<Look> | undefined {
    try {
      return this.#begin(mode)?.catch((error: unknown) => this.#failed(error, mode.signal));
    } catch (error) {
      return this.#failed(error, mode.signal);
    }
  }

  /** Marks a repair as begun: no look clears its issue until the result is reported. */
  repairBegins(component: string): void {
    this.#inHand.add(component);
  }

  /** Marks a repair as ended: looks in progress are outdated for its component. */
  repairEnds(component: string): void {
    if (this.#inHand.delete(component)) this.#outdated.changed(component);
  }

  /** Clears the issues of a component whose repair was proven. */
  proved(component: string): void {
    for (const { issue } of this.open.clear(component)) this.#closed(issue, 'issue:cleared');
  }

  #begin(mode: LookMode): Promise<Look> | undefined {
    const { detector, clock, ledger, hasListeners } = this.#ports;
    const { signal, lasting } = mode;
    if (!ledger.isOpen(mode.dryRun)) return this.#first(mode);
    const start = clock.monotonic();
    if (!this.open.calm || !isBlank(ledger.state) || hasListeners('cycle:done'))
      return this.#takeIn(this.#wholeLook(mode), start, mode);
    const glance = this.#fastPath.by(detector);
    const well = glance?.look(lasting !== undefined);
    if (glance !== undefined && well === true) {
      this.#fastPath.keep();
      if (!this.lost.none || glance.misses?.() !== false) void this.#noteReadings(glance.verdicts(), signal);
      return this.#lookedWell(glance, start);
    }
    const verdicts = glance !== undefined && well === false ? glance.verdicts() : this.#wholeLook(mode);
    if (isPending(verdicts) || verdicts.some(isBad)) return this.#takeIn(verdicts, start, mode);
    const reported = this.#noteReadings(verdicts, signal);
    if (reported === undefined) return this.#lookedWell(verdicts, start);
    const told = reported.then(() => verdicts);
    return this.#takeIn(told, start, mode);
  }

  async #first(mode: LookMode): Promise<Look> {
    const { detector, clock, ledger } = this.#ports;
    await ledger.open(mode.dryRun);
    const start = clock.monotonic();
    return this.#takeIn(verdictsOf(detector, { signal: mode.signal }), start, mode);
  }

  #lookedWell(seen: VerdictSource, start: number): undefined {
    const { clock, ledger } = this.#ports;
    const end = clock.monotonic();
    const timestamp = clock.now();
    this.counts.looked(timestamp, end - start);
    this.recent.lookedWell(seen, timestamp, end - start, ledger.at(end));
  }

  /** Looks with the same request while nothing in it changes. Recent readings are enough for a monitor: events wake it. */
  #wholeLook({ signal, lasting }: LookMode): Looked {
    const recent = lasting !== undefined;
    if (this.#request?.signal !== signal || this.#request.recent !== recent)
      this.#request = { signal, recent, skip: this.#isActing };
    return verdictsOf(this.#ports.detector, this.#request);
  }

  #failed(error: unknown, signal: AbortSignal): never {
    if (!signal.aborted) this.recent.failed(error, this.#ports.ledger.now());
    throw error;
  }

  async #takeIn(looked: Looked, start: number, mode: LookMode): Promise<Look> {
    const read = await this.#outdated.whenDone(looked);
    const isHeld = (component: string): boolean => read.isOutdated(component) || this.#isHeld(component);
    const reported = this.#noteReadings(read.verdicts, mode.signal, isHeld);
    const { clock, ledger, detector } = this.#ports;
    const detectionMs = clock.monotonic() - start;
    const timestamp = new Date(clock.now());
    const asked = askForAbsent(this.open.verdicts, read.verdicts, detector, isHeld, mode.signal);
    // A repair may end while absent components are read: the look is outdated for its component, too.
    const later = asked && (await this.#outdated.whenDone(asked.then((more) => [...read.verdicts, ...more])));
    const all = later?.verdicts ?? read.verdicts;
    const verdicts = all.slice(0, read.verdicts.length);
    const isStale = (one: string): boolean => isHeld(one) || later?.isOutdated(one) === true;
    const turn = this.open.watch(all, timestamp, ledger.now(), mode.lasting, isStale);
    this.counts.looked(timestamp.getTime(), detectionMs);
    await Promise.all([this.#turned(turn, verdicts, mode), reported]);
    const look = { verdicts, issues: this.open.issues, timestamp, detectionMs };
    this.recent.looked(look, ledger.now());
    return look;
  }

  async #turned(
    { opened, cleared, gone }: Turn,
    verdicts: readonly ComponentVerdict[],
    mode: LookMode,
    only?: ReadonlySet<string>,
  ): Promise<void> {
    const { emit } = this.#ports;
    this.counts.opened(opened.map(({ issue }) => issue));
    for (const { issue } of opened) {
      emit('issue:opened', { issue });
      // Also in a dry run: the issue opens only once.
      this.relapses.opened(issue);
    }
    if (!mode.dryRun) await this.relapses.write();
    for (const { issue } of cleared) this.#closed(issue, 'issue:cleared');
    // A detector that only finds issues reports none where all is ok.
    const how = namesAll(this.#ports.detector) ? 'issue:gone' : 'issue:cleared';
    for (const { issue } of gone) this.#closed(issue, how);
    // The events come before the logs, whose reading takes longer than everything else.
    await Promise.all(
      opened.map(async (one) =>
        this.open.keep(one, await gatherEvidence(one.issue, this.#ports.host, mode.signal)),
      ),
    );
    await noteLook(verdicts, this.#ports, this.#effects.settle, { ...mode, only, isActing: this.#isActing });
    noteStorm(this.open, this.#ports);
  }

  /** From the stored intent to its end the proof decides, and no look clears the issue. */
  readonly #isHeld = (component: string): boolean =>
    this.#inHand.has(component) ||
    this.#ports.ledger.state.intents.some((intent) => intent.component === component);

  /** While this engine repairs a component, only the repair reads it. */
  readonly #isActing = (component: string): boolean => this.#ports.acting.has(component);

  /** Reports relied-on readings that are unknown, except those in repair or read again since. */
  #noteReadings(
    verdicts: readonly ComponentVerdict[],
    signal: AbortSignal,
    isHeld = this.#isHeld,
  ): Promise<void> | undefined {
    const skip = (component: string): boolean => this.#isActing(component) || isHeld(component);
    return this.lost.take(verdicts, skip, signal);
  }

  #closed(issue: Issue, how: 'issue:cleared' | 'issue:gone'): void {
    const { emit, ledger } = this.#ports;
    // A request needs no answer after the last issue of its component has cleared.
    const isOver = this.open.about(issue.component).length === 0;
    for (const { component, digest } of isOver ? ledger.state.approvals : []) {
      if (component === issue.component) ledger.note((state) => removeApproval(state, digest));
    }
    this.#effects.closed(issue.component);
    emit(how, { issue });
  }

  /** Looks at single components between two cycles. Returns their issues. */
  only(components: ReadonlySet<string>, signal: AbortSignal): Promise<readonly Issue[]> {
    return this.#only(components, signal).catch((error: unknown) => this.#failed(error, signal));
  }

  async #only(components: ReadonlySet<string>, signal: AbortSignal): Promise<readonly Issue[]> {
    const { ledger, clock, detector, guards, dryRun } = this.#ports;
    if (!ledger.isOpen(dryRun)) await ledger.open(dryRun);
    for (const component of components) this.#outdated.changed(component);
    const looks = [...components].map(async (component) => verdictsOf(detector, { component, signal }));
    const all = Promise.all(looks).then((each) => each.flat());
    const { verdicts, isOutdated } = await this.#outdated.whenDone(all);
    const isHeld = (component: string): boolean => isOutdated(component) || this.#isHeld(component);
    const timestamp = new Date(clock.now());
    const now = ledger.now();
    const turn = this.open.watch(verdicts, timestamp, now, guards.lasting, isHeld, components);
    await this.#turned(turn, verdicts, { signal, dryRun }, components);
    this.recent.lookedAt(components, verdicts);
    return this.open.issues.filter(({ component }) => components.has(component));
  }
}
