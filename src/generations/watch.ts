import { listedNames, listedPatterns, type WatchedUnits } from '../detect/watched-units.js';
import type { Detector, InspectRequest, Looked, SimpleDetector } from '../detect/detector.js';
import type { Glance } from '../detect/fast-path.js';
import { messageOf } from '../base/errors.js';
import { failingUnits, runningOf, unitOf, type Generations } from '../memory/generations.js';
import type { NixosReading } from '../model/nixos-reading.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import { isUnitName } from '../model/unit-name.js';
import type { ComponentVerdict } from '../model/issue.js';
import { lazy } from '../base/lazy.js';
import { isPending } from '../base/pending.js';
import { verdictsOf } from '../detect/look-again.js';
import { isFailing, nameOf, seenAs, unitsIn } from './observed-units.js';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { Host } from '../host/host.js';
import type { Ledger } from '../memory/ledger.js';
import type { Guards } from '../model/guards.js';

/** Ports and settings of {@link GenerationWatch}; some may be replaced at any time. */
export interface WatchPorts {
  readonly host: Host;
  /** Listed units; `undefined` without a list. */
  readonly policy: { readonly services: WatchedUnits | undefined };
  readonly guards: Guards;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Identifies the boot of the host. */
  readonly bootId: string;
  /** Components that are being repaired. */
  readonly acting: ReadonlySet<string>;
  readonly dryRun: boolean;
}

const rules = lazy(() => import('./load.js'));

/**
 * Records systems and units, and adds the verdict on `system` to a detector.
 *
 * Observes twice within `evidence.healthyMs`, and in every cycle while a recorded unit fails. Saves a switch, a new
 * failure and lasting health at once, and otherwise twice within `evidence.healthyMs`, which bounds the loss by a crash.
 */
export class GenerationWatch {
  readonly #ports: WatchPorts;
  #lookedAt = -Infinity;
  #hasWarned = false;
  #writtenAt = -Infinity;
  #nixos: Reading<NixosReading> = unknown('not read yet');
  #changes: { readonly key: string; readonly units: Reading<readonly string[]> } | undefined;
  #looking: Promise<unknown> = Promise.resolve();
  /** Last verdict, if it was ok and no recorded unit failed. */
  #well: { readonly generations: Generations; readonly verdict: ComponentVerdict } | undefined;

  constructor(ports: WatchPorts) {
    this.#ports = ports;
  }

  /** Adds the verdict on `system` to a detector that can inspect single components. */
  around(detector: Detector): Detector & Partial<Pick<SimpleDetector, 'enabledChecks'>> {
    if (detector.inspect === undefined && detector.look === undefined) return detector;
    const enabled = (): boolean => {
      const { enabledChecks } = detector as Partial<SimpleDetector>;
      return enabledChecks === undefined || enabledChecks.includes('system');
    };
    const look = (request: InspectRequest = {}): Looked => {
      const { component } = request;
      if (component === 'system')
        return this.#verdict([], request).then((verdict) =>
          verdict === undefined ? verdictsOf(detector, request) : [verdict],
        );
      const verdicts = verdictsOf(detector, request);
      if (component !== undefined || !enabled()) return verdicts;
      return isPending(verdicts)
        ? Promise.resolve(verdicts).then((all) => this.#beside(all, request))
        : this.#beside(verdicts, request);
    };
    return {
      get enabledChecks() {
        return (detector as Partial<SimpleDetector>).enabledChecks ?? [];
      },
      get longestCheckMs() {
        return detector.longestCheckMs;
      },
      detectIssues: (request) => detector.detectIssues(request),
      inspect: async (request) => look(request),
      look,
      glance: () => this.#fast(enabled, detector.glance?.()),
    };
  }

  /** Adds the last verdict to a fast path while it holds: until an observation is due, or the record changes. */
  #fast(enabled: () => boolean, glance: Glance | undefined): Glance | undefined {
    if (glance === undefined) return undefined;
    let added: ComponentVerdict | undefined;
    const mayLook = (): boolean => {
      added = undefined;
      const { host, ledger } = this.#ports;
      if (!enabled() || host.unitChanges === undefined) return true;
      if (this.#isDue([])) return false;
      if (this.#well?.generations !== ledger.state.generations) return false;
      added = this.#well.verdict;
      return true;
    };
    return {
      look: (recent) => (mayLook() ? glance.look(recent) : undefined),
      verdicts: () => (added ? [...glance.verdicts(), added] : glance.verdicts()),
      misses: () => glance.misses?.() ?? true,
    };
  }

  /** Adds the verdict; synchronous if there is none to add. */
  #beside(verdicts: readonly ComponentVerdict[], request: InspectRequest): Looked {
    const { host, ledger } = this.#ports;
    const { running } = ledger.state.generations;
    if (host.unitChanges === undefined || (running === null && !this.#isDue(verdicts))) return verdicts;
    return this.#verdict(verdicts, request).then((verdict) =>
      verdict === undefined ? verdicts : [...verdicts, verdict],
    );
  }

  async #verdict(
    verdicts: readonly ComponentVerdict[],
    { component, signal }: InspectRequest,
  ): Promise<ComponentVerdict | undefined> {
    const parts = this.#ports;
    // A host without `unitChanges` has no generations.
    if (parts.host.unitChanges === undefined) return undefined;
    if (component !== undefined || this.#isDue(verdicts)) {
      // One observation at a time: each builds on the record of the previous one.
      const look = this.#looking.then(() => this.#look(verdicts, signal));
      this.#looking = look.catch(() => undefined);
      await look;
    }
    const { generations } = parts.ledger.state;
    if (generations.running === null) return undefined;
    const nixos = this.#nixos;
    const changes = await this.#changesOf(generations, signal);
    const { judgeGeneration } = await rules();
    const verdict = judgeGeneration({ nixos, changes, parts, asked: component !== undefined });
    // While nothing fails, only the record decides.
    const isWell = verdict.status === 'ok' && failingUnits(generations).length === 0;
    this.#well = isWell ? { generations, verdict } : undefined;
    return verdict;
  }

  #isDue(verdicts: readonly ComponentVerdict[]): boolean {
    const { ledger, guards } = this.#ports;
    const { generations, intents } = ledger.state;
    if (ledger.now() - this.#lookedAt >= guards.evidence.healthyMs / 2) return true;
    if (generations.running === null) return false;
    if (failingUnits(generations).length > 0 || intents.some(({ generation }) => generation)) return true;
    return verdicts.some((verdict) => isFailing(verdict));
  }

  async #look(verdicts: readonly ComponentVerdict[], signal: AbortSignal | undefined): Promise<void> {
    const { host, policy, ledger, clock, guards, logger, dryRun } = this.#ports;
    this.#lookedAt = ledger.now();
    const listed = policy.services && listedNames(policy.services);
    const patterns = listedPatterns(policy.services ?? new Map());
    const failing = [...verdicts.filter(isFailing).map(nameOf), ...failingUnits(ledger.state.generations)];
    const units = [...new Set([...(listed ?? []), ...failing])].filter(isUnitName);
    const snapshot = await host.read({
      ...{ parts: ['system', 'units'], units, signal },
      ...(patterns.length > 0 ? { patterns } : {}),
    });
    const nixos = isUnknown(snapshot.system) ? snapshot.system : snapshot.system.nixos;
    this.#nixos = nixos;
    if (isUnknown(nixos) || isUnknown(nixos.running)) return;
    const active = listed === undefined ? await host.activeServices?.(signal) : undefined;
    const seen = isUnknown(snapshot.units)
      ? []
      : unitsIn(snapshot.units).map((unit) => seenAs(unit, listed !== undefined));
    const names = new Set(seen.map(({ name }) => name));
    const others = active === undefined || isUnknown(active) ? [] : active.filter((name) => !names.has(name));
    const look = {
      system: nixos.running.path,
      switchedAt: isUnknown(nixos.switchedAt) ? null : ledger.now() - (clock.now() - nixos.switchedAt),
      units: [...seen, ...others.map((name) => ({ name, run: '', state: 'active' as const }))],
    };
    const { noteSystem, whyVolatile } = await rules();
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      const why = whyVolatile(ledger.storePath);
      if (why !== undefined) logger.warn(`The record of generations is lost at the next boot: ${why}`);
    }
    const before = ledger.state.generations;
    ledger.note((state, now) => ({
      ...state,
      generations: noteSystem(state.generations, look, now, guards.evidence),
    }));
    const due = ledger.now() - this.#writtenAt >= guards.evidence.healthyMs / 2;
    if (dryRun || !ledger.isOpen(false)) return;
    if (!due && !matters(before, ledger.state.generations)) return;
    this.#writtenAt = ledger.now();
    await ledger.save().catch((error: unknown) => {
      logger.warn(`The record of generations could not be written: ${messageOf(error)}`);
    });
  }

  /** Compares two systems once: store paths are immutable. */
  async #changesOf(
    generations: Generations,
    signal: AbortSignal | undefined,
  ): Promise<Reading<readonly string[]>> {
    const from = runningOf(generations)?.previous ?? null;
    const to = generations.running;
    if (from === null || to === null) return unknown('which system ran before this one is not on record');
    if (failingUnits(generations).length === 0) return unknown('nothing fails');
    const key = `${from} ${to}`;
    if (this.#changes?.key === key) return this.#changes.units;
    const units =
      (await this.#ports.host.unitChanges?.(from, to, signal)) ?? unknown('this host cannot tell');
    if (!isUnknown(units)) this.#changes = { key, units };
    return units;
  }
}

/** Returns whether a change must be saved at once. */
function matters(before: Generations, after: Generations): boolean {
  if (before.running !== after.running) return true;
  const [was, is] = [runningOf(before), runningOf(after)];
  if (was?.good !== is?.good || was?.bad !== is?.bad) return true;
  return Object.entries(is?.units ?? {}).some(([name, { failing, healthy }]) => {
    const unit = unitOf(was, name);
    return failing !== (unit?.failing ?? false) || healthy !== (unit?.healthy ?? false);
  });
}
