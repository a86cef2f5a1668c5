import type { InspectRequest, Looked } from '../detect/detector.js';
import { isBad } from '../detect/issue-from.js';
import { verdictsOf } from '../detect/look-again.js';
import type { CycleReport } from '../report/events.js';
import { removeApproval } from '../memory/approvals.js';
import type { Guards } from '../model/guards.js';
import { Chronicle, type Seen } from '../report/recent.js';
import { Tally } from '../report/counts.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';
import { isPending } from '../base/pending.js';
import type { EnginePorts } from '../repair/ports.js';
import { askForAbsent, namesAll } from './absent.js';
import { FastPath } from './fast-path.js';
import { gatherEvidence } from './log-evidence.js';
import { Outdated } from './outdated.js';
import { LostReadings } from './report-readings.js';
import { OpenIssues, type OpenIssue, type Turn } from './open-issues.js';
import { isBlank, noteLook, type Settle } from './record-health.js';
import { Relapses } from './record-relapse.js';
import { noteStorm } from './record-storm.js';

/** What one look at the host gave. */
export type Look = Omit<CycleReport, 'results'>;

/** How the host is looked at. */
export interface LookMode {
  readonly signal: AbortSignal;
  readonly dryRun: boolean;
}

type LookPorts = Omit<EnginePorts, 'resolver' | 'executor' | 'actions' | 'approve' | 'healingEnabled'>;

/** What happens with what a look gave. */
export interface LookEffects {
  /** Receives each component whose issue was cleared, or is gone. */
  readonly closed: (component: string) => void;
  /** Verifies repairs that an earlier run left open. */
  readonly settle: Settle;
}

/** Looks at the host, and remembers which issues are open. */
export class Looks {
  readonly tally = new Tally();
  readonly chronicle = new Chronicle();
  readonly open = new OpenIssues();
  readonly lost: LostReadings;
  readonly relapses: Relapses;
  readonly #ports: LookPorts;
  readonly #effects: LookEffects;
  readonly #fastPath = new FastPath();
  #request: InspectRequest | undefined;
  readonly #outdated = new Outdated();
  readonly #inHand = new Set<string>();

  constructor(ports: LookPorts, effects: LookEffects) {
    this.#ports = ports;
    this.lost = new LostReadings(ports);
    this.relapses = new Relapses(ports, this.tally);
    this.#effects = effects;
  }

  /**
   * Looks. `undefined` where all is well, was well before, and there are no listeners: then there is nothing more to
   * do, and this costs hardly more than the reading. With `lasting`, only what has lasted is an issue.
   */
  all(mode: LookMode, lasting?: Guards['lasting']): Promise<Look> | undefined {
    try {
      return this.#begin(mode, lasting)?.catch((error: unknown) => this.#failed(error, mode.signal));
    } catch (error) {
      return this.#failed(error, mode.signal);
    }
  }

  /** A repair of a component begins: until it has ended, and its result is out, no look clears its issue. */
  repairBegins(component: string): void {
    this.#inHand.add(component);
  }

  /** It has ended: what a look that is under way read before is outdated. */
  repairEnds(component: string): void {
    if (this.#inHand.delete(component)) this.#outdated.changed(component);
  }

  /** Clears the issues of a component whose repair was proved. */
  proved(component: string): void {
    for (const { issue } of this.open.clear(component)) this.#closed(issue, 'issue:cleared');
  }

  #begin(mode: LookMode, lasting: Guards['lasting'] | undefined): Promise<Look> | undefined {
    const { detector, clock, ledger, hears } = this.#ports;
    const { signal } = mode;
    if (!ledger.isOpen(mode.dryRun)) return this.#first(mode, lasting);
    const start = clock.monotonic();
    if (!this.open.calm || !isBlank(ledger.state) || hears('cycle:done'))
      return this.#takeIn(this.#wholeLook(signal, lasting), start, mode, lasting);
    const glance = this.#fastPath.by(detector);
    const well = glance?.look();
    if (glance !== undefined && well === true) {
      this.#fastPath.keep();
      if (!this.lost.none || glance.misses?.() !== false) void this.#noteReadings(glance.verdicts(), signal);
      return this.#lookedWell(glance, start);
    }
    const verdicts =
      glance !== undefined && well === false ? glance.verdicts() : this.#wholeLook(signal, lasting);
    if (isPending(verdicts) || verdicts.some(isBad)) return this.#takeIn(verdicts, start, mode, lasting);
    const reported = this.#noteReadings(verdicts, signal);
    if (reported === undefined) return this.#lookedWell(verdicts, start);
    const told = reported.then(() => verdicts);
    return this.#takeIn(told, start, mode, lasting);
  }

  async #first(mode: LookMode, lasting: Guards['lasting'] | undefined): Promise<Look> {
    const { detector, clock, ledger } = this.#ports;
    await ledger.open(mode.dryRun);
    const start = clock.monotonic();
    return this.#takeIn(verdictsOf(detector, { signal: mode.signal }), start, mode, lasting);
  }

  #lookedWell(seen: Seen, start: number): undefined {
    const { clock, ledger } = this.#ports;
    const end = clock.monotonic();
    const timestamp = clock.now();
    this.tally.looked(timestamp, end - start);
    this.chronicle.lookedWell(seen, timestamp, end - start, ledger.at(end));
  }

  #wholeLook(signal: AbortSignal, lasting: Guards['lasting'] | undefined): Looked {
    return verdictsOf(this.#ports.detector, this.#requestWith(signal, lasting !== undefined));
  }

  #failed(error: unknown, signal: AbortSignal): never {
    if (!signal.aborted) this.chronicle.failed(error, this.#ports.ledger.now());
    throw error;
  }

  async #takeIn(
    looked: Looked,
    start: number,
    mode: LookMode,
    lasting: Guards['lasting'] | undefined,
  ): Promise<Look> {
    const { verdicts, isOutdated } = await this.#outdated.whenDone(looked);
    const isHeld = (component: string): boolean => isOutdated(component) || this.#isHeld(component);
    const reported = this.#noteReadings(verdicts, mode.signal, isHeld);
    const { clock, ledger, detector } = this.#ports;
    const detectionMs = clock.monotonic() - start;
    const timestamp = new Date(clock.now());
    const asked = askForAbsent(this.open.verdicts, verdicts, { detector, isHeld, signal: mode.signal });
    const all = asked === undefined ? verdicts : [...verdicts, ...(await asked)];
    const turn = this.open.watch(all, timestamp, ledger.now(), lasting, isHeld);
    this.tally.looked(timestamp.getTime(), detectionMs);
    await this.#turned(turn, verdicts, mode);
    await reported;
    const look = { verdicts, issues: this.open.issues, timestamp, detectionMs };
    this.chronicle.looked(look, ledger.now());
    return look;
  }

  async #turned(
    { opened, cleared, gone }: Turn,
    verdicts: readonly ComponentVerdict[],
    mode: LookMode,
    only?: ReadonlySet<string>,
  ): Promise<void> {
    const { emit } = this.#ports;
    this.tally.opened(opened.map(({ issue }) => issue));
    for (const { issue } of opened) {
      emit('issue:opened', { issue });
      // In a dry run as well: the issue opens only once.
      this.relapses.opened(issue);
    }
    if (!mode.dryRun) await this.relapses.write();
    for (const { issue } of cleared) this.#closed(issue, 'issue:cleared');
    // A detector that only finds issues says by its silence that there is none.
    const how = namesAll(this.#ports.detector) ? 'issue:gone' : 'issue:cleared';
    for (const { issue } of gone) this.#closed(issue, how);
    await Promise.all(opened.map((one) => this.#gather(one, mode.signal)));
    await noteLook(verdicts, this.#ports, this.#effects.settle, { ...mode, only, isActing: this.#isActing });
    noteStorm(this.open, this.#ports);
  }

  /** From the stored intent to its end the proof decides, and no look clears. */
  readonly #isHeld = (component: string): boolean =>
    this.#inHand.has(component) ||
    this.#ports.ledger.state.intents.some((intent) => intent.component === component);

  /** While this engine acts on a component, the repair alone reads it. */
  readonly #isActing = (component: string): boolean => this.#ports.acting.has(component);

  /** Reports what was relied on and is unknown. What is being repaired, or was read again since, is not lost. */
  #noteReadings(
    verdicts: readonly ComponentVerdict[],
    signal: AbortSignal,
    isHeld = this.#isHeld,
  ): Promise<void> | undefined {
    const skip = (component: string): boolean => this.#isActing(component) || isHeld(component);
    return this.lost.take(verdicts, skip, signal);
  }

  /** The same request while nothing in it changes. A monitor is woken by what happens: recent readings are enough. */
  #requestWith(signal: AbortSignal, recent: boolean): InspectRequest {
    if (this.#request?.signal !== signal || this.#request.recent !== recent)
      this.#request = { signal, recent, skip: this.#isActing };
    return this.#request;
  }

  /** Emitted before its log is read: that takes longer than all the rest. */
  async #gather(opened: OpenIssue, signal: AbortSignal): Promise<void> {
    this.open.keep(opened, await gatherEvidence(opened.issue, this.#ports.host, signal));
  }

  #closed(issue: Issue, how: 'issue:cleared' | 'issue:gone'): void {
    const { emit, ledger } = this.#ports;
    // With the last issue of its component, a request needs no answer any more.
    const isOver = this.open.about(issue.component).length === 0;
    for (const { component, digest } of isOver ? ledger.state.approvals : []) {
      if (component === issue.component) ledger.note((state) => removeApproval(state, digest));
    }
    this.#effects.closed(issue.component);
    emit(how, { issue });
  }

  /** One look of a monitor, between its cycles, at these components alone. Returns their issues. */
  async only(components: ReadonlySet<string>, signal: AbortSignal): Promise<readonly Issue[]> {
    try {
      return await this.#only(components, signal);
    } catch (error) {
      return this.#failed(error, signal);
    }
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
    const turn = this.open.watchOnly(components, verdicts, timestamp, now, guards.lasting, isHeld);
    await this.#turned(turn, verdicts, { signal, dryRun }, components);
    this.chronicle.lookedAt(components, verdicts);
    return this.open.issues.filter(({ component }) => components.has(component));
  }
}
