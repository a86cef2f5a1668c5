import type { CpuInfo } from 'node:os';
import { lazy } from '../base/lazy.js';
import { CpuWindow, noCpu } from './linux/cpu.js';
import { isIgnoredType } from './linux/fs-types.js';
import { percentOf } from './linux/percent.js';
import { reasonOf } from './linux/reason.js';
import { SlowCalls } from './linux/slow-calls.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import type {
  CpuReading,
  LoadReading,
  MemoryReading,
  MountReading,
  PressureReading,
  UsageReading,
} from '../model/snapshot.js';

/** The functions of systeminformation that are used. */
export interface SystemInformation {
  mem(): Promise<PortableMemory>;
  fsSize(): Promise<readonly PortableFileSystem[]>;
}

/** Memory, in bytes. */
export interface PortableMemory {
  readonly total: number;
  readonly available: number;
  readonly active: number;
  readonly buffcache: number;
}

/** A file system, in bytes; `rw` is `null` if unknown. */
export interface PortableFileSystem {
  readonly fs: string;
  readonly type: string;
  readonly size: number;
  readonly used: number;
  readonly available: number;
  readonly mount: string;
  readonly rw: boolean | null;
}

/** Sources of a portable reader, replaceable in tests. */
export interface PortableReaderOptions {
  readonly platform?: NodeJS.Platform;
  readonly load?: () => Promise<SystemInformation>;
  readonly cpus?: () => readonly CpuInfo[];
  readonly loadavg?: () => readonly number[];
  readonly monotonic?: () => number;
  /** Timeout of the programs that systeminformation runs, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

/** Reads macOS, Windows, BSD and other systems that systeminformation supports. Never throws or rejects. */
export interface PortableReader {
  /** Unknown at first, and until 100 ms have passed since the first reading. */
  cpu(): Reading<CpuReading>;
  memory(signal?: AbortSignal): Reading<MemoryReading> | Promise<Reading<MemoryReading>>;
  load(): Reading<LoadReading>;
  pressure(): Reading<PressureReading>;
  mounts(signal?: AbortSignal): Reading<readonly MountReading[]> | Promise<Reading<readonly MountReading[]>>;
  oomKills(): Reading<number>;
  /** Stops waiting for programs that are still running. */
  close(): void;
}

const TIMEOUT_MS = 10_000;
const NO_CPUS = Object.freeze(unknown('this system does not list its CPUs'));

const loadSystemInformation = lazy(
  async (): Promise<SystemInformation> => (await import('systeminformation')).default,
);

/**
 * Creates a reader. CPU and load come from Node, because the CPU load of systeminformation is shared by the whole process
 * and up to 200 ms old.
 */
export function createPortableReader(options: PortableReaderOptions = {}): PortableReader {
  const platform = options.platform ?? process.platform;
  const load = options.load ?? loadSystemInformation;
  // Loaded here, because it is not needed on Linux.
  const os = process.getBuiltinModule('node:os');
  const cpus = options.cpus ?? os.cpus;
  const averages = options.loadavg ?? os.loadavg;
  const monotonic = options.monotonic ?? (() => performance.now());
  const slow = new SlowCalls<unknown>({ timeoutMs: options.timeoutMs ?? TIMEOUT_MS });
  const window = new CpuWindow();

  const ask = async <T, R>(
    name: string,
    work: (si: SystemInformation) => Promise<T>,
    make: (answer: T, platform: NodeJS.Platform) => Reading<R>,
    signal?: AbortSignal,
  ): Promise<Reading<R>> => {
    const answer = await slow.run(name, async () => work(await load()), signal);
    if (isUnknown(answer)) return answer;
    try {
      return make(answer as T, platform);
    } catch (error) {
      return unknown(`${name} could not be parsed: ${reasonOf(error)}`);
    }
  };

  return {
    cpu() {
      const list = cpus();
      if (!fillCounters(list, window.counters)) return NO_CPUS;
      return window.take(monotonic(), list.length, noCpu());
    },
    memory: (signal) => ask('memory', (si) => si.mem(), toMemory, signal),
    load() {
      const [one, five, fifteen] = averages();
      const count = cpus().length;
      if (platform === 'win32') return unknown('Windows has no load average');
      if (!isAmount(one) || !isAmount(five) || !isAmount(fifteen)) return unknown('the load is invalid');
      return count > 0 ? { one, five, fifteen, cpus: count } : NO_CPUS;
    },
    pressure: () => unknown('only Linux reports pressure (PSI)'),
    mounts: (signal) => ask('df', (si) => si.fsSize(), toMounts, signal),
    oomKills: () => NOT_LINUX,
    close: () => slow.close(),
  };
}

const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= 2 ** 64;

/** Sums up the times of all CPUs, in the order of `/proc/stat`. Returns `false` if there are no CPUs. */
function fillCounters(list: readonly CpuInfo[], counters: Float64Array): boolean {
  counters.fill(0);
  for (const { times } of list) {
    [times.user, times.nice, times.sys, times.idle, 0, times.irq].forEach(
      (value, i) => (counters[i]! += value),
    );
  }
  return list.length > 0 && counters.every(isAmount);
}

const NOT_LINUX = Object.freeze(unknown('only Linux reports this'));

function toMemory(mem: PortableMemory, platform: NodeJS.Platform): Reading<MemoryReading> {
  const { total, available, active, buffcache } = mem;
  if (!isAmount(total) || total === 0) return unknown('the size of the memory is unknown');
  // If its program fails, systeminformation reports free memory as available, so that the cache counts as used.
  const isFallback = platform !== 'win32' && (!(buffcache > 0) || !(active > 0));
  if (isFallback || !isAmount(available) || available > total) {
    return unknown('the available memory is unknown');
  }
  return {
    scope: 'host',
    totalBytes: total,
    availableBytes: available,
    usedPercent: percentOf(total - available, total),
    reclaimableSlabBytes: NOT_LINUX,
    pageCacheBytes: NOT_LINUX,
    uncountedCacheBytes: NOT_LINUX,
    uncountedSlabBytes: NOT_LINUX,
    evictableArcBytes: 0,
  };
}

const NO_INODES = Object.freeze(unknown('only Linux reports inodes'));

/** Further pseudo file systems and bind mounts of the BSDs and macOS. */
const MORE_PSEUDO = new Set(
  'fdesc fdescfs fdfs kernfs linprocfs linsysfs lofs mntfs nullfs objfs procfs ptyfs sharefs union'.split(
    ' ',
  ),
);

function toMounts(
  list: readonly PortableFileSystem[],
  platform: NodeJS.Platform,
): Reading<readonly MountReading[]> {
  const byDevice = new Map<string, PortableFileSystem>();
  for (const item of list) {
    if (!counts(item, platform)) continue;
    const rival = byDevice.get(item.fs);
    if (!rival || (rival.mount !== '/' && (item.mount === '/' || item.mount.length < rival.mount.length))) {
      byDevice.set(item.fs, item);
    }
  }
  if (byDevice.size === 0) return unknown('no file system could be listed');
  return [...byDevice.values()].map((item) => ({
    mountPoint: item.mount,
    device: item.fs,
    fsType: item.type,
    source: item.fs,
    space: toSpace(item),
    inodes: NO_INODES,
  }));
}

function counts({ fs, type, mount, rw }: PortableFileSystem, platform: NodeJS.Platform): boolean {
  if (mount === '/') return true;
  if (isIgnoredType(type) || MORE_PSEUDO.has(type)) return false;
  if (type === 'tmpfs' && /^\/(?:run|dev)(?:\/|$)/.test(mount)) return false;
  // systeminformation also reports `rw: false` for sources that it did not look up.
  const isLookedUp = platform === 'win32' || fs.startsWith('/');
  return !(rw === false && isLookedUp);
}

function toSpace({ size, used, available }: PortableFileSystem): Reading<UsageReading> {
  const sum = used + available;
  if (!isAmount(size) || !isAmount(used) || !isAmount(available) || size === 0 || sum === 0) {
    return unknown('this file system reports no size');
  }
  return { used, available, percent: percentOf(used, sum) };
}
