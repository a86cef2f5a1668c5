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
import { KeptFile } from './kept-file.js';
import { LinuxGauges, type GaugeReaders } from './live-gauges.js';
import { noLoad, parseLoad } from './load.js';
import { LoadScope } from './load-scope.js';
import { toMemoryReading } from './memory.js';
import { MemoryFiles } from './memory-files.js';
import { MountReader, nodeStatFs, type StatFsCalls } from './mount-reader.js';
import { MountTable } from './mount-table.js';
import { OomKills } from './oom-kills.js';
import { PressureFiles } from './pressure.js';
import { createScratch } from './scratch.js';

/** Where and how a Linux reader reads. */
export interface LinuxReaderOptions {
  /** Folder in which `proc` and `sys` are. Default `/`. File systems are asked by their real mount points. */
  readonly root?: string;
  /** Milliseconds that only go forward. Default `performance.now`. */
  readonly monotonic?: () => number;
  /** How long a remote file system may take to answer, in milliseconds. Default 2,000. */
  readonly remoteTimeoutMs?: number;
  /** How often limits of control groups, the number of CPUs and absent files are looked up again, in milliseconds. Default 30,000. */
  readonly refreshMs?: number;
  /** The system call behind `df`. */
  readonly statfs?: StatFsCalls;
}

/** Reads a Linux machine. Nothing throws; what cannot be read is unknown. */
export interface LinuxReader {
  /** Unknown at first, and until 100 ms have passed since the first reading. */
  cpu(): Reading<CpuReading>;
  memory(): Reading<MemoryReading>;
  load(): Reading<LoadReading>;
  pressure(): Reading<PressureReading>;
  /**
   * A promise only where a remote file system is mounted. The signal ends the wait for it. These mount points count
   * whatever is mounted there, now and later.
   */
  mounts(
    signal?: AbortSignal,
    mountPoints?: readonly string[],
  ): Reading<readonly MountReading[]> | Promise<Reading<readonly MountReading[]>>;
  /** Makes gauges that read the same again and again, and make nothing. Mount points as for `mounts`. */
  liveGauges(parts: readonly GaugePart[], mountPoints?: readonly string[]): LiveGauges;
  /** Processes killed by the kernel for want of memory since boot. */
  oomKills(): Reading<number>;
  /** Lets go of all descriptors; a later reading opens them again. */
  close(): void;
}

const REMOTE_TIMEOUT_MS = 2_000;
const REFRESH_MS = 30_000;
const STRANGE_LOAD = Object.freeze(
  unknown('/proc/stat is that of this container, and /proc/loadavg that of the whole machine'),
);

/** Makes a reader. It opens nothing before it is asked. */
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

  const begin = (): number => {
    const now = monotonic();
    const isBlind = table.reason !== '';
    table.follow(now);
    if (now - refreshedAt < refreshMs && !isBlind) return now;
    refreshedAt = now;
    memory.lookAgain(table);
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
      if (table.isOverlaid) return STRANGE_LOAD;
      const cpus = cpu.count(now);
      if (isUnknown(cpus)) return cpus;
      const length = loadFile.read();
      if (length < 0) return unknown(`the load is not known: ${loadFile.reason}`);
      const reading = parseLoad(scratch.bytes, length, cpus, into);
      return table.hasLxcfsLoad && !loadScope.isOwn(length) ? STRANGE_LOAD : reading;
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
    oomKills() {
      begin();
      return oomKills.read(table);
    },
    close() {
      const kept = [
        cpu,
        groupCpu,
        memory,
        loadFile,
        loadScope,
        pressure,
        table,
        fileSystems,
        mounts,
        oomKills,
      ];
      for (const file of kept) file.close();
      refreshedAt = -Infinity;
    },
  };
}
