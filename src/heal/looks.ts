import { isBad, type InspectRequest, type Looked } from '../detect/detector.js';
import type { CycleReport } from '../events.js';
import { forget } from '../guard/approvals.js';
import type { Guards } from '../guard/guards.js';
import { unitName } from '../host/systemd/unit-name.js';
import { IssueType, Severity, type ComponentVerdict, type Issue } from '../issue.js';
import { isPending } from '../pending.js';
import { gatherEvidence } from './evidence.js';
import { Chronicle, type Seen } from './chronicle.js';
import { Glances } from './glances.js';
import { isBlank, noteLook, noteStorm } from './health.js';
import { verdictsOf } from './look.js';
import { OpenIssues, type OpenIssue, type Turn } from './open-issues.js';
import { dryRunOf, type Parts } from './parts.js';
import { Tally } from './tally.js';

/** What one look at the host gave. */
export type Look = Omit<CycleReport, 'results'>;

/** Looks at the host, and remembers which issues are open. */
export class Looks {
  readonly tally = new Tally();
  readonly chronicle = new Chronicle();
  readonly open = new OpenIssues();
  readonly #parts: () => Parts;
  readonly #forget: (component: string) => void;
  readonly #glances = new Glances();
  #request: InspectRequest | undefined;
  #lookedAt = new Map<string, number>();

  /** `cleared` is told of each component whose issue is no more. */
  constructor(parts: () => Parts, cleared: (component: string) => void) {
    this.#parts = parts;
    this.#forget = cleared;
  }

  /**
   * Looks. `undefined` where all is well, was well before, and nobody listens: then there is nothing more to do, and
   * this costs hardly more than the reading. With `lasting`, only what has lasted is an issue.
   */
  all(
    signal: AbortSignal,
    lasting?: Guards['lasting'],
    dryRun = this.#parts().dryRun,
  ): Promise<Look> | undefined {
    try {
      return this.#begin(signal, lasting, dryRun)?.catch((error: unknown) => this.#failed(error, signal));
    } catch (error) {
      return this.#failed(error, signal);
    }
  }

  #begin(
    signal: AbortSignal,
    lasting: Guards['lasting'] | undefined,
    dryRun: boolean,
  ): Promise<Look> | undefined {
    const now = this.#parts();
    const parts = dryRun === now.dryRun ? now : dryRunOf(now);
    const { detector, clock, ledger, hears } = parts;
    if (!ledger.isOpen(dryRun)) return this.#first(parts, signal, lasting);
    const start = clock.monotonic();
    if (!this.open.calm || !isBlank(ledger.state) || hears('cycle:done'))
      return this.#takeIn(this.#wholeLook(signal, lasting), start, signal, lasting, dryRun);
    const glance = this.#glances.by(detector);
    const well = glance?.look();
    if (glance !== undefined && well === true) {
      this.#glances.keep();
      return this.#lookedWell(glance, start, parts);
    }
    const verdicts =
      glance !== undefined && well === false ? glance.verdicts() : this.#wholeLook(signal, lasting);
    return isPending(verdicts) || verdicts.some(isBad)
      ? this.#takeIn(verdicts, start, signal, lasting, dryRun)
      : this.#lookedWell(verdicts, start, parts);
  }

  async #first(parts: Parts, signal: AbortSignal, lasting: Guards['lasting'] | undefined): Promise<Look> {
    const { detector, clock, ledger, dryRun } = parts;
    await ledger.open(dryRun);
    const start = clock.monotonic();
    return this.#takeIn(verdictsOf(detector, { signal }), start, signal, lasting, dryRun);
  }

  #lookedWell(seen: Seen, start: number, { clock, ledger }: Parts): undefined {
    const end = clock.monotonic();
    const timestamp = clock.now();
    this.tally.looked(timestamp, end - start);
    this.chronicle.lookedWell(seen, timestamp, end - start, ledger.at(end));
  }

  #wholeLook(signal: AbortSignal, lasting: Guards['lasting'] | undefined): Looked {
    return verdictsOf(this.#parts().detector, this.#requestWith(signal, lasting !== undefined));
  }

  #failed(error: unknown, signal: AbortSignal): never {
    if (!signal.aborted) this.chronicle.failed(error, this.#parts().ledger.now());
    throw error;
  }

  async #takeIn(
    looked: Looked,
    start: number,
    signal: AbortSignal,
    lasting: Guards['lasting'] | undefined,
    dryRun: boolean,
  ): Promise<Look> {
    const verdicts = this.#withoutStale(await looked, start);
    const parts = dryRun ? dryRunOf(this.#parts()) : this.#parts();
    const { clock, ledger } = parts;
    const detectionMs = clock.monotonic() - start;
    const timestamp = new Date(clock.now());
    const turn = this.open.watch(verdicts, timestamp, ledger.now(), lasting);
    this.tally.looked(timestamp.getTime(), detectionMs);
    this.tally.opened(turn.opened);
    await this.#turned(turn, verdicts, parts, signal);
    const look = { verdicts, issues: this.open.issues, timestamp, detectionMs };
    this.chronicle.looked(look, ledger.now());
    return look;
  }

  async #turned(
    { opened, cleared }: Turn,
    verdicts: readonly ComponentVerdict[],
    parts: Parts,
    signal: AbortSignal,
    only?: ReadonlySet<string>,
  ): Promise<void> {
    for (const { issue } of opened) parts.emit('issue:opened', { issue });
    for (const { issue } of cleared) this.#cleared(issue, parts);
    await Promise.all(opened.map((one) => this.#gather(one, parts, signal)));
    await noteLook(verdicts, parts, signal, only);
    noteStorm(this.#listedInTrouble(parts), parts);
  }

  /** What a look that began before a later, smaller one says of its components is not known any more. */
  #withoutStale(verdicts: readonly ComponentVerdict[], start: number): readonly ComponentVerdict[] {
    if (this.#lookedAt.size === 0) return verdicts;
    const stale = new Map([...this.#lookedAt].filter(([, at]) => at > start));
    this.#lookedAt = stale;
    const reason = 'it was looked at again meanwhile';
    return verdicts.map((verdict) =>
      stale.has(verdict.component) ? { ...verdict, status: 'unknown' as const, reason } : verdict,
    );
  }

  /** The same request while nothing in it changes. A monitor is woken by what happens: what it was told will do. */
  #requestWith(signal: AbortSignal, recent: boolean): InspectRequest {
    if (this.#request?.signal !== signal || this.#request.recent !== recent)
      this.#request = { signal, recent };
    return this.#request;
  }

  /** Told before its log is read: that takes longer than all the rest. */
  async #gather(opened: OpenIssue, parts: Parts, signal: AbortSignal): Promise<void> {
    this.open.keep(opened, await gatherEvidence(opened.issue, parts, signal));
  }

  #cleared(issue: Issue, { emit, ledger }: Parts): void {
    // What was asked about it needs no answer any more.
    for (const { component, digest } of ledger.state.approvals) {
      if (component === issue.component) ledger.note((state) => forget(state, digest));
    }
    this.#forget(issue.component);
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

  /** One look of a monitor, between its cycles, at these components alone. Gives their issues. */
  async only(components: ReadonlySet<string>, signal: AbortSignal): Promise<readonly Issue[]> {
    try {
      return await this.#only(components, signal);
    } catch (error) {
      return this.#failed(error, signal);
    }
  }

  async #only(components: ReadonlySet<string>, signal: AbortSignal): Promise<readonly Issue[]> {
    const parts = this.#parts();
    const { ledger, clock, detector, guards, dryRun } = parts;
    if (!ledger.isOpen(dryRun)) await ledger.open(dryRun);
    for (const component of components) this.#lookedAt.set(component, clock.monotonic());
    const looks = [...components].map(async (component) => verdictsOf(detector, { component, signal }));
    const verdicts = (await Promise.all(looks)).flat();
    const timestamp = new Date(clock.now());
    const turn = this.open.watchOnly(components, verdicts, timestamp, ledger.now(), guards.lasting);
    this.tally.opened(turn.opened);
    await this.#turned(turn, verdicts, parts, signal, components);
    this.chronicle.lookedAt(components, verdicts);
    return this.open.issues.filter(({ component }) => components.has(component));
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
