import { isUnknown, unknown, type Reading, type Writable } from '../../model/reading.js';
import type {
  CpuReading,
  GaugePart,
  Gauges,
  LiveGauges,
  LoadReading,
  MemoryReading,
  MountReading,
  PressureReading,
} from '../../model/snapshot.js';
import { CgroupCpu } from './cgroup-cpu.js';
import { noBound, noCpu } from './cpu.js';
import { CpuFile } from './cpu-file.js';
import { FileSystems } from './file-systems.js';
import { KeptFile, createScratch } from './kept-file.js';
import { LoadScope, noLoad, parseLoad } from './load.js';
import { toMemoryReading, usedPercent, type MemoryFigures } from './memory.js';
import { MemoryFiles } from './memory-files.js';
import { MountReader, nodeStatFs, type StatFsCalls } from './mount-reader.js';
import { MountTable } from './mount-table.js';
import { MountUsages } from './mount-usage.js';
import { OomKills } from './oom-kills.js';
import { PressureFiles } from './pressure.js';

export interface LinuxReaderOptions {
  /** Folder that contains `proc` and `sys`. Default: that of the machine. `statfs` is called with the real mount points. */
  readonly root?: string;
  /** Monotonic milliseconds. Default `performance.now`. */
  readonly monotonic?: () => number;
  /** Timeout of a remote file system, in milliseconds. Default 2,000. */
  readonly remoteTimeoutMs?: number;
  /** Interval at which control group limits, the number of CPUs and absent files are looked up, in ms. Default 30,000. */
  readonly refreshMs?: number;
  /** The system call behind `df`. */
  readonly statfs?: StatFsCalls;
}

export type LinuxReader = ReturnType<typeof createLinuxReader>;

const NOT_ASKED = Object.freeze(unknown('not asked for'));
const FOREIGN_LOAD = Object.freeze(
  unknown('/proc/stat is that of this container, and /proc/loadavg that of the whole machine'),
);

/**
 * Creates a reader of a Linux machine. It never throws; a part that cannot be read is unknown. It opens no file before the
 * first reading.
 */
export function createLinuxReader(options: LinuxReaderOptions = {}) {
  const { root = '', monotonic = () => performance.now(), refreshMs = 30_000 } = options;
  const { remoteTimeoutMs = 2_000, statfs = nodeStatFs } = options;
  const scratch = createScratch();

  const cpu = new CpuFile(root, scratch, refreshMs);
  const groupCpu = new CgroupCpu(root, scratch);
  const memory = new MemoryFiles(root, scratch);
  const loadFile = new KeptFile(`${root}/proc/loadavg`, scratch, { oneGo: true });
  const loadScope = new LoadScope(root, scratch);
  const pressure = new PressureFiles(root, scratch, { oneGo: true, retryMs: refreshMs, monotonic });
  const table = new MountTable(root, scratch, monotonic);
  const fileSystems = new FileSystems(table, root, scratch);
  const mounts = new MountReader(fileSystems, statfs, remoteTimeoutMs, monotonic);
  const oomKills = new OomKills(root, scratch);
  let refreshedAt = -Infinity;
  let kills: Reading<number> = unknown('not read yet');
  let killsAt = -Infinity;

  /** Looks up again what is due. Returns the time in monotonic milliseconds. */
  const begin = (): number => {
    const now = monotonic();
    const hadNoTable = table.reason !== '';
    table.follow(now);
    if (now - refreshedAt < refreshMs && !hadNoTable) return now;
    refreshedAt = now;
    memory.rediscover(table);
    const cpus = cpu.count(now);
    groupCpu.discover(table.entries, isUnknown(cpus) ? Infinity : cpus);
    return now;
  };
  const readLoad = (into: Writable<LoadReading>): Reading<LoadReading> => {
    const now = begin();
    if (table.isOverlaid) return FOREIGN_LOAD;
    const cpus = cpu.count(now);
    if (isUnknown(cpus)) return cpus;
    const text = loadFile.text();
    if (!text) return unknown(`the load is unknown: ${loadFile.reason}`);
    const reading = parseLoad(text, cpus, into);
    return table.hasLxcfsLoad && !loadScope.isOwn(text) ? FOREIGN_LOAD : reading;
  };

  return {
    /** Unknown at first, and until 100 ms have passed since the first reading. */
    cpu(): Reading<CpuReading> {
      const [now, into] = [begin(), noCpu()];
      return Object.freeze(groupCpu.worse(cpu.read(now, into), now, into));
    },
    memory(): Reading<MemoryReading> {
      begin();
      const figures = memory.read(table, true);
      return isUnknown(figures) ? figures : toMemoryReading(figures);
    },
    load: (): Reading<LoadReading> => Object.freeze(readLoad(noLoad())),
    pressure: (): Reading<PressureReading> => pressure.read(),
    /** Creates gauges whose readings reuse the same objects. Mount points as for `mounts`. */
    liveGauges(parts: readonly GaugePart[], mountPoints: readonly string[] = []): LiveGauges {
      fileSystems.name(mountPoints);
      const wants = {
        ...{ cpu: parts.includes('cpu'), memory: parts.includes('memory') },
        ...{ load: parts.includes('load'), mounts: parts.includes('mounts') },
      };
      const [cpuReading, bound, loadReading, usages] = [noCpu(), noBound(), noLoad(), new MountUsages()];
      const memoryReading = noMemory();
      const gauges: Writable<LiveGauges> = {
        ...{ cpu: NOT_ASKED, memory: NOT_ASKED, load: NOT_ASKED, mounts: NOT_ASKED },
        read(under = 0) {
          const now = begin();
          if (wants.mounts) {
            const read = mounts.readInto(usages);
            if (read === undefined) return false;
            gauges.mounts = read;
          }
          if (wants.cpu) {
            const read = under > 0 ? cpu.readUnder(under, now, cpuReading, bound) : cpu.read(now, cpuReading);
            gauges.cpu = groupCpu.worse(read, now, cpuReading);
          }
          if (wants.memory) {
            const figures = memory.read(table, false);
            gauges.memory = isUnknown(figures) ? figures : fill(memoryReading, figures);
          }
          if (wants.load) gauges.load = readLoad(loadReading);
          return true;
        },
      };
      return gauges;
    },
    /**
     * Returns a promise only if a remote file system is mounted; the signal ends the wait for it. `mountPoints` are
     * monitored from now on, whatever is mounted there.
     */
    mounts(
      signal?: AbortSignal,
      mountPoints: readonly string[] = [],
    ): Reading<readonly MountReading[]> | Promise<Reading<readonly MountReading[]>> {
      begin();
      fileSystems.name(mountPoints);
      return mounts.read(signal);
    },
    /** Number of out-of-memory kills since boot, read at most `maxAgeMs` milliseconds ago. */
    oomKills(maxAgeMs = 0): Reading<number> {
      const now = begin();
      if (isUnknown(kills) || now - killsAt >= maxAgeMs) {
        kills = oomKills.read(table);
        killsAt = now;
      }
      return kills;
    },
    /** Closes all descriptors; a later reading opens them again. */
    close(): void {
      for (const each of [cpu, groupCpu, memory, loadFile, loadScope, pressure, table, fileSystems])
        each.close();
      mounts.close();
      oomKills.close();
      killsAt = -Infinity;
      refreshedAt = -Infinity;
    },
  };
}

type MemoryGauge = Writable<Exclude<Gauges['memory'], { unknown: string }>>;

const noMemory = (): MemoryGauge => ({
  ...{ scope: 'host', totalBytes: NaN, reservedBytes: 0, availableBytes: NaN, usedPercent: NaN },
});

function fill(gauge: MemoryGauge, figures: MemoryFigures): MemoryGauge {
  gauge.scope = figures.scope;
  gauge.totalBytes = figures.total;
  gauge.reservedBytes = figures.reserved;
  gauge.availableBytes = Math.min(figures.available, figures.total);
  gauge.usedPercent = usedPercent(figures);
  return gauge;
}
