import type { NixosReading } from './nixos-reading.js';
import type { Reading } from './reading.js';
import type { UnitReading } from './unit.js';

/** CPU use over the time between two readings. */
export interface CpuReading {
  /**
   * Share of all CPUs that was busy, in percent, 0–100. Waiting for a disk is not busy. With `limitCpus`: share of that
   * limit which the control group used.
   */
  readonly percent: number;
  /** Number of CPUs that are online. */
  readonly cpus: number;
  /** Share of all CPUs that the hypervisor gave to other machines, in percent, 0–100; it is part of `percent`. Default 0. */
  readonly stealPercent?: number | undefined;
  /** Set where `percent` is an upper bound: it may be less. */
  readonly atMost?: true;
  /**
   * Set where this is not the use of the host, but that of the control group that the process lives in, or of one above
   * it, because it is nearer to its limit: how many CPUs that limit allows, more than 0 and maybe less than 1.
   */
  readonly limitCpus?: number | undefined;
}

/** Memory of the host, or of the control group that the process lives in, whichever is fuller. */
export interface MemoryReading {
  /** Whose memory this is. */
  readonly scope: 'host' | 'cgroup';
  /** Total memory without `reservedBytes`, or the limit of the control group, in bytes. */
  readonly totalBytes: number;
  /** Memory of the host that is reserved as huge pages, in bytes. Default 0. */
  readonly reservedBytes?: number;
  /** Memory that a program can have without swapping, in bytes; evictable ZFS ARC is counted in. */
  readonly availableBytes: number;
  /** `100 × (total − available) / total`, 0–100. */
  readonly usedPercent: number;
  /** Kernel memory that `drop_caches` level 2 may free, in bytes. */
  readonly reclaimableSlabBytes: Reading<number>;
  /** Page cache without shared memory, in bytes. */
  readonly pageCacheBytes: Reading<number>;
  /** What of the page cache is not counted as available: dropping it would gain this much, at most. In bytes. */
  readonly uncountedCacheBytes: Reading<number>;
  /** What of the reclaimable slab is not counted as available, in bytes. */
  readonly uncountedSlabBytes: Reading<number>;
  /** Cache of ZFS that can go, in bytes: counted as available here, but not by the kernel. 0 without ZFS. */
  readonly evictableArcBytes: number;
}

/** The load average as the kernel prints it. */
export interface LoadReading {
  readonly one: number;
  readonly five: number;
  readonly fifteen: number;
  /** Number of CPUs that are online; the default threshold is twice this. */
  readonly cpus: number;
}

/** One file system that counts, or a whole pool of ZFS: then `space` is that of the pool. */
export interface MountReading {
  /** Where it is mounted, unescaped: it may hold spaces. */
  readonly mountPoint: string;
  /** `major:minor` of the device; bind mounts and subvolumes share it and are listed once. */
  readonly device: string;
  readonly fsType: string;
  /** What is mounted, for example `/dev/sda1`. */
  readonly source: string;
  /** Bytes; `used / (used + available)` is what `df` shows. */
  readonly space: Reading<UsageReading>;
  /** Inodes; unknown where the file system has no fixed number of them (btrfs, for one). */
  readonly inodes: Reading<UsageReading>;
  /** Room for metadata of a btrfs, in bytes: when it is full, every write fails. Left out for other types. */
  readonly metadata?: UsageReading | undefined;
  /** Whether it takes writes. Left out where the host does not tell, or tells it of another mount of the same device. */
  readonly writes?: WriteReading | undefined;
}

/** Whether a file system takes writes. */
export interface WriteReading {
  /** `bad`: it became read-only, was shut down, or has errors. `by-design`: it is read-only, and was meant to be. */
  readonly status: 'ok' | 'by-design' | 'bad';
  /** The sentence that says by what one knows. */
  readonly reason: string;
}

/** How full something is. */
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

/** The units that were asked for, and those found in trouble. */
export interface UnitsReading {
  /** One entry for each name asked for, in that order. */
  readonly asked: readonly UnitReading[];
  /** With `patterns`: every loaded unit that matches one of them. Absent where the host knows no patterns. */
  readonly matched?: readonly UnitReading[];
  /** Members of the units that were asked for, or matched, by {@link UnitReading.members}. Absent where there are none. */
  readonly members?: readonly UnitReading[];
  /**
   * With `discover`: every unit that is failed, is being restarted by systemd over and over, or is down because of one
   * that failed.
   */
  readonly troubled: readonly UnitReading[];
}

/** The system as a whole. */
export interface SystemReading {
  /** systemd's own word: `running`, `degraded`, `maintenance` … */
  readonly state: Reading<string>;
  /** What NixOS runs, has booted and has kept; unknown on a host that is not NixOS. */
  readonly nixos: Reading<NixosReading>;
  /** Processes that the kernel has killed for want of memory since the machine booted; in a container with control groups of version 2, those of the container. */
  readonly oomKills: Reading<number>;
}

/** One reading of a host. Every field is a value, or unknown with the reason. */
export interface Snapshot {
  /** When the reading was taken, in milliseconds since the epoch. */
  readonly timestamp: number;
  readonly cpu: Reading<CpuReading>;
  readonly memory: Reading<MemoryReading>;
  readonly load: Reading<LoadReading>;
  readonly mounts: Reading<readonly MountReading[]>;
  readonly pressure: Reading<PressureReading>;
  readonly units: Reading<UnitsReading>;
  readonly system: Reading<SystemReading>;
}

/** What of a snapshot is a number that is held against a threshold. */
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
 * Gauges that are read into the same places again and again: a look at them makes nothing. Whatever is to be kept
 * beyond the next `read` has to be copied.
 */
export interface LiveGauges extends Gauges {
  /**
   * Reads anew. `false` where something has to be waited for: then they tell nothing, and the host has to be read.
   * `cpuUnder` is the level, in percent, under which an upper bound of CPU use will do; left out, it never does.
   */
  read(cpuUnder?: number): boolean;
}

/** The parts of a snapshot that are gauges. */
export type GaugePart = keyof Gauges;

/** The parts of a snapshot that can be asked for one by one. */
export type SnapshotPart = Exclude<keyof Snapshot, 'timestamp'>;

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
