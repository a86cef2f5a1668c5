import type { Clock } from '../base/clock.js';
import { isUnknown, type Unknown } from '../model/reading.js';
import type { GaugePart, Gauges, Snapshot, SnapshotPart } from '../model/snapshot.js';
import type { ComponentVerdict } from '../model/issue.js';
import type { BuiltInCheck } from './check.js';
import { judgeCpu } from './cpu.js';
import { isAmong, judgeDisks, NO_RULES } from './disk.js';
import { defaultLoadThreshold, judgeLoad } from './load.js';
import { judgeMemory } from './memory.js';
import type { MountRules } from './mount-rules.js';
import { OomHistory } from './oom.js';
import { judgeServices, type WatchedUnits } from './services.js';
import { judgeSystem } from './system.js';
import type { ThresholdValues } from './thresholds.js';
import type { VerdictList } from './verdict-list.js';

/** Which part of a snapshot each check reads. */
export const PARTS: Readonly<Record<BuiltInCheck, SnapshotPart>> = {
  cpu: 'cpu',
  memory: 'memory',
  disk: 'mounts',
  load: 'load',
  services: 'units',
  system: 'system',
};

/** Which gauges a check looks at, where it looks at nothing else. */
export const gaugeOf = (check: string): GaugePart | undefined =>
  check === 'disk' ? 'mounts' : check === 'cpu' || check === 'memory' || check === 'load' ? check : undefined;

/** The checks that come with the library, of one detector. */
export class BuiltInChecks {
  readonly #watched: WatchedUnits | undefined;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #oom = new OomHistory();
  #services: readonly ComponentVerdict[] = [];
  #units: Snapshot['units'] | undefined;

  readonly #rules: MountRules;

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
   * Adds the verdicts of one check on a snapshot. A name that is not among them says nothing. `judgesServices` tells
   * whether units have issues of their own.
   */
  judge(
    name: string,
    snapshot: Snapshot,
    levels: ThresholdValues,
    into: VerdictList,
    judgesServices = true,
  ): void {
    if (name === 'services') this.#judgeServices(snapshot).forEach((verdict) => into.add(verdict));
    else if (name === 'system')
      this.#judgeSystem(snapshot, judgesServices).forEach((verdict) => into.add(verdict));
    else judgeGauge(name, snapshot, levels, into, this.#rules);
  }

  /** Readers give one frozen object for as long as no unit changes. */
  #judgeServices({ units, timestamp }: Snapshot): readonly ComponentVerdict[] {
    if (units !== this.#units || !Object.isFrozen(units)) {
      this.#services = judgeServices(units, this.#watched, timestamp);
      this.#services.forEach(Object.freeze);
      this.#units = units;
    }
    return this.#services;
  }

  /** Not kept: that something was killed is told for a while, whether the reading changes or not. */
  #judgeSystem(snapshot: Snapshot, judgesServices: boolean): readonly ComponentVerdict[] {
    const { system, units } = snapshot;
    const kills = this.#oom.note(isUnknown(system) ? system : system.oomKills, this.#clock.monotonic());
    const own = isDegraded(system) && judgesServices ? this.#judgeServices(snapshot) : [];
    const bad = own.filter(({ status }) => status === 'bad').map(({ component }) => component);
    const verdicts = judgeSystem(system, kills, units, new Set(bad));
    verdicts.forEach(Object.freeze);
    return verdicts;
  }
}

const isDegraded = (system: Snapshot['system']): boolean =>
  !isUnknown(system) && !isUnknown(system.state) && system.state === 'degraded';

/** Adds the verdicts of a check that looks at gauges alone. */
export function judgeGauge(
  name: string,
  gauges: Gauges,
  levels: ThresholdValues,
  into: VerdictList,
  rules: MountRules = NO_RULES,
): void {
  switch (name) {
    case 'cpu':
      return into.add(judgeCpu(gauges.cpu, levels.cpuPercent, into.last));
    case 'memory':
      return into.add(judgeMemory(gauges.memory, levels.memoryPercent, into.last));
    case 'load':
      return into.add(judgeLoad(gauges.load, levels.loadAverage, into.last));
    case 'disk':
      return judgeDisks(gauges.mounts, levels.diskPercent, into, rules);
  }
}

/** Whether a gauge that one of these checks looks at is over its threshold: what its verdict would say, and nothing made. */
export function anyOver(
  checks: readonly string[],
  { cpu, memory, load, mounts }: Gauges,
  levels: ThresholdValues,
  rules: MountRules = NO_RULES,
): boolean {
  for (const check of checks) {
    switch (check) {
      case 'cpu':
        if (!isUnknown(cpu) && cpu.percent > levels.cpuPercent) return true;
        break;
      case 'memory':
        if (!isUnknown(memory) && memory.usedPercent > levels.memoryPercent) return true;
        break;
      case 'load':
        if (!isUnknown(load) && load.one > (levels.loadAverage ?? defaultLoadThreshold(load))) return true;
        break;
      case 'disk':
        if (!isUnknown(mounts) && anyFuller(mounts, levels.diskPercent, rules)) return true;
    }
  }
  return false;
}

/** Whether a gauge that one of these checks looks at could not be read at all. */
export function anyUnknown(checks: readonly string[], gauges: Gauges): boolean {
  for (const check of checks) {
    const part = gaugeOf(check);
    if (part !== undefined && isUnknown(gauges[part])) return true;
  }
  return false;
}

function anyFuller(mounts: Exclude<Gauges['mounts'], Unknown>, percent: number, rules: MountRules): boolean {
  for (const { mountPoint, space, inodes, metadata, writes } of mounts) {
    if (!rules.none && rules.leavesOut(mountPoint)) continue;
    if (writes?.status === 'bad') return true;
    if (writes?.status === 'by-design' && !rules.has(mountPoint)) continue;
    const level = rules.none || isUnknown(space) ? percent : rules.levelOf(mountPoint, space, percent);
    if (!isUnknown(space) && space.percent > level) return true;
    if (metadata !== undefined && metadata.percent > percent) return true;
    if (!isUnknown(inodes) && inodes.percent > percent) return true;
  }
  if (!rules.none) for (const path of rules.namedPaths) if (!isAmong(mounts, path)) return true;
  return false;
}
