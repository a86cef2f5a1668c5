import type { ControlsReading } from './controls-reading.js';
import type { NixosReading } from './nixos-reading.js';
import type { Reading } from './reading.js';
import type { UnitReading } from './unit.js';

/** CPU use over the time between two readings. */
export interface CpuReading {
  /**
   * Busy share of all CPUs in percent, 0–100, without waits for disks. With `limitCpus`: share of that limit used by the
   * control group.
   */
  readonly percent: number;
  /** Number of online CPUs. */
  readonly cpus: number;
  /** Share of all CPUs that the hypervisor gave to other machines, in percent, 0–100; part of `percent`. Default 0. */
  readonly stealPercent?: number | undefined;
  /** Set if `percent` is only an upper bound. */
  readonly atMost?: true;
  /**
   * Set if this is the use of the control group of this process, or of a parent group, because it is nearer to its limit
   * than the host: number of CPUs that the limit allows, above 0, possibly below 1.
   */
  readonly limitCpus?: number | undefined;
}

/** Memory of the host, or of the control group of this process, whichever is fuller. */
export interface MemoryReading {
  readonly scope: 'host' | 'cgroup';
  /** Total memory without `reservedBytes`, or the limit of the control group, in bytes. */
  readonly totalBytes: number;
  /** Memory of the host that is reserved as huge pages, in bytes. Default 0. */
  readonly reservedBytes?: number;
  /** Memory available without swapping, in bytes, including evictable ZFS ARC. */
  readonly availableBytes: number;
  /** `100 × (total − available) / total`, 0–100. */
  readonly usedPercent: number;
  /** Kernel memory that `drop_caches` level 2 may free, in bytes. */
  readonly reclaimableSlabBytes: Reading<number>;
  /** Page cache without shared memory, in bytes. */
  readonly pageCacheBytes: Reading<number>;
  /** Page cache that is not counted as available, in bytes: the most that dropping it can gain. */
  readonly uncountedCacheBytes: Reading<number>;
  /** Reclaimable slab that is not counted as available, in bytes. */
  readonly uncountedSlabBytes: Reading<number>;
  /** Evictable ZFS cache in bytes: counted as available here, but not by the kernel. 0 without ZFS. */
  readonly evictableArcBytes: number;
}

/** The load average as the kernel prints it. */
export interface LoadReading {
  readonly one: number;
  readonly five: number;
  readonly fifteen: number;
  /** Number of online CPUs; the default threshold is twice this. */
  readonly cpus: number;
}

/** One monitored file system, or a ZFS pool with the `space` of the pool. */
export interface MountReading {
  /** Mount point, unescaped: it may contain spaces. */
  readonly mountPoint: string;
  /** `major:minor` of the device; bind mounts and subvolumes share it and are listed once. */
  readonly device: string;
  readonly fsType: string;
  /** Mounted source, for example `/dev/sda1`. */
  readonly source: string;
  /** Bytes; `used / (used + available)` is what `df` shows. */
  readonly space: Reading<UsageReading>;
  /** Inodes; unknown where the file system has no fixed number of them, such as btrfs. */
  readonly inodes: Reading<UsageReading>;
  /** Metadata space of a btrfs in bytes: when it is full, every write fails. Absent for other types. */
  readonly metadata?: UsageReading | undefined;
  /** Absent where the host does not report it, or reports it for another mount of the same device. */
  readonly writes?: WriteReading | undefined;
}

/** Write status of a file system. */
export interface WriteReading {
  /** `bad`: it became read-only, was shut down, or has errors. `by-design`: it is intentionally read-only. */
  readonly status: 'ok' | 'by-design' | 'bad';
  /** Evidence for the status, as one sentence. */
  readonly reason: string;
}

/** Used and available amounts. */
export interface UsageReading {
  readonly used: number;
  readonly available: number;
  /** `100 × used / (used + available)`, 0–100. */
  readonly percent: number;
}

/** Pressure stall information: share of the last 10 s in which work waited, in percent. */
export interface PressureReading {
  readonly cpu: Reading<{ readonly some: number }>;
  readonly memory: Reading<{ readonly some: number; readonly full: number }>;
  readonly io: Reading<{ readonly some: number; readonly full: number }>;
}

/** Requested units, and units with problems. */
export interface UnitsReading {
  /** One entry per requested name, in order. */
  readonly asked: readonly UnitReading[];
  /** With `patterns`: loaded units that match one. Absent if the host does not support patterns. */
  readonly matched?: readonly UnitReading[];
  /** Members ({@link UnitReading.members}) of the requested and matched units. Absent if there are none. */
  readonly members?: readonly UnitReading[];
  /**
   * With `discover`: units that are failed, repeatedly restarted by systemd, or down because of a failed unit.
   */
  readonly troubled: readonly UnitReading[];
}

/** The system as a whole. */
export interface SystemReading {
  /** State by systemd: `running`, `degraded`, `maintenance` … */
  readonly state: Reading<string>;
  /** Unknown on a host that is not NixOS. */
  readonly nixos: Reading<NixosReading>;
  /** Out-of-memory kills since boot; in a container with control groups of version 2, those of the container. */
  readonly oomKills: Reading<number>;
}

/** One reading of a host. Every field is a value, or unknown with a reason. */
export interface Snapshot {
  /** Time of the reading, in milliseconds since the epoch. */
  readonly timestamp: number;
  readonly cpu: Reading<CpuReading>;
  readonly memory: Reading<MemoryReading>;
  readonly load: Reading<LoadReading>;
  readonly mounts: Reading<readonly MountReading[]>;
  readonly pressure: Reading<PressureReading>;
  readonly units: Reading<UnitsReading>;
  readonly system: Reading<SystemReading>;
  /** Interfaces for built-in actions. Absent unless requested, and where the host does not report them. */
  readonly controls?: Reading<ControlsReading>;
}

/** Values of a snapshot that are compared with thresholds. */
export interface Gauges {
  readonly cpu: Reading<CpuReading>;
  readonly memory: Reading<
    Pick<MemoryReading, 'scope' | 'totalBytes' | 'reservedBytes' | 'availableBytes' | 'usedPercent'>
  >;
  readonly load: Reading<Pick<LoadReading, 'one' | 'cpus'>>;
  readonly mounts: Reading<
    readonly Pick<MountReading, 'mountPoint' | 'space' | 'inodes' | 'metadata' | 'writes'>[]
  >;
}

/**
 * Gauges that are updated in place, without allocation. Copy what must outlive the next `read`.
 */
export interface LiveGauges extends Gauges {
  /**
   * Updates the gauges. Returns `false` if that cannot be done synchronously: the gauges are then invalid, and the host
   * must be read. `cpuUnder`: percentage below which an upper bound of the CPU use is sufficient; by default never.
   */
  read(cpuUnder?: number): boolean;
}

/** Units and state of systemd as last signalled. */
export interface RecentReading {
  /** The same frozen object while no unit changes. */
  readonly units: Reading<UnitsReading>;
  /** State of systemd: `running`, `degraded` … */
  readonly state: Reading<string>;
  /** Number of out-of-memory kills since boot. */
  readonly oomKills: Reading<number>;
}

/** Name of a gauge. */
export type GaugePart = keyof Gauges;

/** Name of a part of a snapshot. */
export type SnapshotPart = Exclude<keyof Snapshot, 'timestamp' | 'controls'>;

/** Every part of a snapshot, by name. */
export const SNAPSHOT_PARTS: readonly SnapshotPart[] = [
  'cpu',
  'memory',
  'load',
  'mounts',
  'pressure',
  'units',
  'system',
];
