import type { Clock } from '../base/clock.js';
import type { BUILT_IN, BuiltInCheck } from '../model/built-in-checks.js';
import { isUnknown } from '../model/reading.js';
import type { GaugePart, RecentReading, Snapshot } from '../model/snapshot.js';
import type { ComponentVerdict } from '../model/issue.js';
import { CPU_CHECK } from './cpu.js';
import { DISK_CHECK, NO_RULES } from './disk.js';
import type { GaugeCheck } from './gauge-verdict.js';
import { LOAD_CHECK } from './load.js';
import { MEMORY_CHECK } from './memory.js';
import type { MountRules } from './mount-rules.js';
import { OomHistory } from './oom.js';
import { judgeServices, type WatchedUnits } from './services.js';
import { judgeSystem } from './system.js';
import type { ThresholdValues } from './thresholds.js';
import type { VerdictList } from './verdict-list.js';

/** Names of the checks whose part of the snapshot is a gauge. */
type GaugeName = Extract<(typeof BUILT_IN)[number], { readonly part: GaugePart }>['name'];

/** Judgements of the checks that compare gauges with thresholds, by name. */
export const GAUGE_CHECKS: ReadonlyMap<string, GaugeCheck> = new Map(
  Object.entries({
    cpu: CPU_CHECK,
    memory: MEMORY_CHECK,
    disk: DISK_CHECK,
    load: LOAD_CHECK,
  } satisfies Readonly<Record<GaugeName, GaugeCheck>>),
);

type Judgement = (snapshot: Snapshot, judgesServices: boolean) => readonly ComponentVerdict[];

/** Last calm state of the system: not degraded, and without recent kills. */
interface Calm {
  readonly state: string;
  /** Number of kills since boot. */
  readonly kills: number;
  readonly verdicts: readonly ComponentVerdict[];
}

/** Runs the built-in checks of one detector. */
export class BuiltInChecks {
  readonly #watched: WatchedUnits | undefined;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #oom = new OomHistory();
  #services: readonly ComponentVerdict[] = [];
  #units: Snapshot['units'] | undefined;
  /** Verdicts of the check `system` on a state without recent kills. */
  #calm: Calm = { state: '', kills: NaN, verdicts: [] };

  readonly #rules: MountRules;
  /** Judgements of the other checks, by name. */
  readonly #judgements: ReadonlyMap<string, Judgement> = new Map(
    Object.entries({
      services: (snapshot: Snapshot) => this.#judgeServices(snapshot),
      system: (snapshot: Snapshot, judgesServices: boolean) => this.#judgeSystem(snapshot, judgesServices),
    } satisfies Readonly<Record<Exclude<BuiltInCheck, GaugeName>, Judgement>>),
  );

  constructor(
    watched: WatchedUnits | undefined,
    clock: Pick<Clock, 'monotonic'>,
    rules: MountRules = NO_RULES,
  ) {
    this.#rules = rules;
    this.#watched = watched;
    this.#clock = clock;
  }

  /**
   * Adds the verdicts of one check on a snapshot; none for an unknown name. `judgesServices`: the check `services` runs,
   * too, so failed units have their own issues.
   */
  judge(
    name: string,
    snapshot: Snapshot,
    levels: ThresholdValues,
    into: VerdictList,
    judgesServices: boolean,
  ): void {
    const judgement = this.#judgements.get(name);
    if (judgement) judgement(snapshot, judgesServices).forEach((verdict) => into.add(verdict));
    else GAUGE_CHECKS.get(name)?.judge(snapshot, levels, into, this.#rules);
  }

  /** Returns the verdicts of the check `services` or `system`, if the reading is the one that was judged last. */
  known(name: string, { units, state, oomKills }: RecentReading): readonly ComponentVerdict[] | undefined {
    if (name === 'services') return units === this.#units ? this.#services : undefined;
    const isSame = name === 'system' && state === this.#calm.state && oomKills === this.#calm.kills;
    return isSame ? this.#calm.verdicts : undefined;
  }

  /** Judges again only when the reader returns a new object: it returns the same frozen one while no unit changes. */
  #judgeServices({ units, timestamp }: Snapshot): readonly ComponentVerdict[] {
    if (units !== this.#units) {
      this.#services = judgeServices(units, this.#watched, timestamp);
      this.#services.forEach(Object.freeze);
      // Only a frozen reading is the same as long as it is the same object.
      this.#units = Object.isFrozen(units) ? units : undefined;
    }
    return this.#services;
  }

  /** Judges again only when the state changes, and while it is not calm: a kill is reported for a while. */
  #judgeSystem(snapshot: Snapshot, judgesServices: boolean): readonly ComponentVerdict[] {
    const { system, units } = snapshot;
    const kills = this.#oom.note(isUnknown(system) ? system : system.oomKills, this.#clock.monotonic());
    const state = isUnknown(system) ? system : system.state;
    const isCalm = !isUnknown(kills) && kills.recent === 0 && state !== 'degraded' && !isUnknown(state);
    if (isCalm && state === this.#calm.state && kills.sinceBoot === this.#calm.kills)
      return this.#calm.verdicts;
    const own = state === 'degraded' && judgesServices ? this.#judgeServices(snapshot) : [];
    const bad = own.filter(({ status }) => status === 'bad').map(({ component }) => component);
    const verdicts = judgeSystem(system, kills, units, new Set(bad));
    verdicts.forEach(Object.freeze);
    if (isCalm) this.#calm = { state, kills: kills.sinceBoot, verdicts };
    return verdicts;
  }
}
