import type { Clock } from '../clock.js';
import { isUnknown } from '../host/reading.js';
import type { Snapshot, SnapshotPart } from '../host/snapshot.js';
import { IssueType, type ComponentVerdict, type Verdict } from '../issue.js';
import type { BuiltInCheck } from './check.js';
import { judgeCpu } from './cpu.js';
import { judgeDisks } from './disk.js';
import { keptVerdicts } from './kept-verdicts.js';
import { judgeLoad } from './load.js';
import { judgeMemory } from './memory.js';
import { OomHistory } from './oom.js';
import { judgeServices, type WatchedUnit } from './services.js';
import { judgeSystem } from './system.js';
import type { ThresholdValues } from './thresholds.js';

/** Which part of a snapshot each check reads. */
export const PARTS: Readonly<Record<BuiltInCheck, SnapshotPart>> = {
  cpu: 'cpu',
  memory: 'memory',
  disk: 'mounts',
  load: 'load',
  services: 'units',
  system: 'system',
};

type JudgeAll = (name: string, snapshot: Snapshot, levels: ThresholdValues) => readonly ComponentVerdict[];

const NONE: readonly ComponentVerdict[] = Object.freeze([]);

/** Makes the checks that come with the library, of one detector: each remembers what it judged last. */
export function builtInChecks(
  watched: ReadonlyMap<string, WatchedUnit>,
  clock: Pick<Clock, 'monotonic'>,
): JudgeAll {
  const cpu = keptVerdicts((reading: Snapshot['cpu'], level: number) =>
    onResource('cpu', judgeCpu(reading, level)),
  );
  const memory = keptVerdicts((reading: Snapshot['memory'], level: number) =>
    onResource('memory', judgeMemory(reading, level)),
  );
  const load = keptVerdicts((reading: Snapshot['load'], level: number | undefined) =>
    onResource('load', judgeLoad(reading, level)),
  );
  const disk = keptVerdicts(judgeDisks);
  const services = keptVerdicts(judgeServices);
  const oom = new OomHistory();
  // Not kept: that something was killed is told for a while, whether the reading changes or not.
  const judgeWhole = ({ system, units }: Snapshot): readonly ComponentVerdict[] => {
    const kills = oom.note(isUnknown(system) ? system : system.oomKills, clock.monotonic());
    const verdicts = judgeSystem(system, kills, units);
    verdicts.forEach(Object.freeze);
    return verdicts;
  };
  return (name, snapshot, levels) => {
    switch (name) {
      case 'cpu':
        return cpu(snapshot.cpu, levels.cpuPercent);
      case 'memory':
        return memory(snapshot.memory, levels.memoryPercent);
      case 'load':
        return load(snapshot.load, levels.loadAverage);
      case 'disk':
        return disk(snapshot.mounts, levels.diskPercent);
      case 'services':
        return services(snapshot.units, watched);
      case 'system':
        return judgeWhole(snapshot);
      default:
        return NONE;
    }
  };
}

const onResource = (check: string, verdict: Verdict): readonly ComponentVerdict[] => [
  // Two spreads into one literal would make a slow object of 2.5 kB.
  Object.assign({ check, component: check, type: IssueType.RESOURCE }, verdict),
];
