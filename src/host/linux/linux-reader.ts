import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import type {
  CpuReading,
  GaugePart,
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
import { LinuxGauges, type GaugeReaders } from './live-gauges.js';
import { LoadScope, noLoad, parseLoad } from './load.js';
import { toMemoryReading } from './memory.js';
import { MemoryFiles } from './memory-files.js';
import { MountReader, nodeStatFs, type StatFsCalls } from './mount-reader.js';
import { MountTable } from './mount-table.js';
import { OomKills } from './oom-kills.js';
import { PressureFiles } from './pressure.js';

export interface LinuxReaderOptions {
  /** Folder that contains `proc` and `sys`. Default `/`. `statfs` is called with the real mount points. */
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

/** Reads a Linux machine. Never throws; a part that cannot be read is unknown. */
export interface LinuxReader {
  /** Unknown at first, and until 100 ms have passed since the first reading. */
  cpu(): Reading<CpuReading>;
  memory(): Reading<MemoryReading>;
  load(): Reading<LoadReading>;
  pressure(): Reading<PressureReading>;
  /**
   * Returns a promise only if a remote file system is mounted; the signal ends the wait for it. `mountPoints` are
   * monitored from now on, whatever is mounted there.
   */
  mounts(
    signal?: AbortSignal,
    mountPoints?: readonly string[],
  ): Reading<readonly MountReading[]> | Promise<Reading<readonly MountReading[]>>;
  /** Creates gauges whose readings reuse the same objects. Mount points as for `mounts`. */
  liveGauges(parts: readonly GaugePart[], mountPoints?: readonly string[]): LiveGauges;
  /** Number of out-of-memory kills since boot, read at most `maxAgeMs` milliseconds ago. Default 0. */
  oomKills(maxAgeMs?: number): Reading<number>;
  /** Closes all descriptors; a later reading opens them again. */
  close(): void;
}

const REMOTE_TIMEOUT_MS = 2_000;
const REFRESH_MS = 30_000;
const FOREIGN_LOAD = Object.freeze(
  unknown('/proc/stat is that of this container, and /proc/loadavg that of the whole machine'),
);

/** Creates a reader. It opens no file before the first reading. */
export function createLinuxReader(options: LinuxReaderOptions = {}): LinuxReader {
  const root = (options.root ?? '/').replace(/\/+$/, '');
  const monotonic = options.monotonic ?? (() => performance.now());
  const refreshMs = options.refreshMs ?? REFRESH_MS;
  const scratch = createScratch();

  const cpu = new CpuFile(root, scratch, refreshMs);
  const groupCpu = new CgroupCpu(root, scratch);
  const memory = new MemoryFiles(root, scratch);
  const loadFile = new KeptFile(`${root}/proc/loadavg`, scratch, { oneGo: true });
  const loadScope = new LoadScope(root, scratch);
  const pressure = new PressureFiles(`${root}/proc/pressure`, scratch, {
    oneGo: true,
    retryMs: refreshMs,
    monotonic,
  });
  const table = new MountTable(root, scratch, monotonic);
  const fileSystems = new FileSystems(table, root, scratch);
  const mounts = new MountReader(
    fileSystems,
    options.statfs ?? nodeStatFs,
    options.remoteTimeoutMs ?? REMOTE_TIMEOUT_MS,
    monotonic,
  );
  const oomKills = new OomKills(root, scratch);
  let refreshedAt = -Infinity;
  let kills: Reading<number> = unknown('not read yet');
  let killsAt = -Infinity;

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
  const readers: GaugeReaders = {
    begin,
    cpu: (under, now, into, bound) =>
      groupCpu.worse(under > 0 ? cpu.readUnder(under, now, into, bound) : cpu.read(now, into), now, into),
    memory: () => memory.read(table, false),
    load(now, into) {
      begin();
      if (table.isOverlaid) return FOREIGN_LOAD;
      const cpus = cpu.count(now);
      if (isUnknown(cpus)) return cpus;
      const text = loadFile.text();
      if (!text) return unknown(`the load is unknown: ${loadFile.reason}`);
      const reading = parseLoad(text, cpus, into);
      return table.hasLxcfsLoad && !loadScope.isOwn(text) ? FOREIGN_LOAD : reading;
    },
    mounts: (into) => mounts.readInto(into),
  };

  return {
    cpu: () => Object.freeze(readers.cpu(0, begin(), noCpu(), noBound())),
    memory() {
      begin();
      const figures = memory.read(table, true);
      return isUnknown(figures) ? figures : toMemoryReading(figures);
    },
    load: () => Object.freeze(readers.load(monotonic(), noLoad())),
    pressure: () => pressure.read(),
    liveGauges(parts, mountPoints = []) {
      fileSystems.name(mountPoints);
      return new LinuxGauges(readers, parts);
    },
    mounts(signal, mountPoints = []) {
      begin();
      fileSystems.name(mountPoints);
      return mounts.read(signal);
    },
    oomKills(maxAgeMs = 0) {
      const now = begin();
      if (isUnknown(kills) || now - killsAt >= maxAgeMs) {
        kills = oomKills.read(table);
        killsAt = now;
      }
      return kills;
    },
    close() {
      for (const each of [cpu, groupCpu, memory, loadFile, loadScope, pressure, table, fileSystems])
        each.close();
      mounts.close();
      oomKills.close();
      killsAt = -Infinity;
      refreshedAt = -Infinity;
    },
  };
}
