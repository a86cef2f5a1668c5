import { unknown } from '../model/reading.js';
import { SNAPSHOT_PARTS, type MountReading, type Snapshot, type SystemReading } from '../model/snapshot.js';

const GIB = 1024 ** 3;

/** Creates the snapshot of a healthy host. */
export function healthySnapshot(overrides: Partial<Snapshot> = {}): Snapshot {
  return {
    timestamp: Date.UTC(2025, 0, 1),
    cpu: { percent: 12, cpus: 4 },
    memory: memoryReading(40),
    load: { one: 0.5, five: 0.4, fifteen: 0.3, cpus: 4 },
    mounts: [mountReading({ writes: { status: 'ok', reason: '/ (/dev/sda1, ext4) can be written' } })],
    pressure: { cpu: { some: 0 }, memory: { some: 0, full: 0 }, io: { some: 0, full: 0 } },
    units: { asked: [], troubled: [] },
    system: systemReading(),
    ...overrides,
  };
}

/** Creates the snapshot of a host that cannot be read. */
export function unknownSnapshot(reason = 'it cannot be read'): Snapshot {
  const nothing = { unknown: reason };
  return healthySnapshot(Object.fromEntries(SNAPSHOT_PARTS.map((part) => [part, nothing])));
}

/** Creates a memory reading of 8 GiB. */
export function memoryReading(usedPercent: number): Exclude<Snapshot['memory'], { unknown: string }> {
  const totalBytes = 8 * GIB;
  return {
    scope: 'host',
    totalBytes,
    availableBytes: Math.round(totalBytes * (1 - usedPercent / 100)),
    usedPercent,
    reclaimableSlabBytes: 0.1 * GIB,
    pageCacheBytes: 2 * GIB,
    uncountedCacheBytes: 0.05 * GIB,
    uncountedSlabBytes: 0.05 * GIB,
    evictableArcBytes: 0,
  };
}

/** Creates a file system of 100 GiB and a million inodes, by default a third full. */
export function mountReading(
  overrides: Partial<MountReading> & { readonly percent?: number; readonly inodesPercent?: number } = {},
): MountReading {
  const { percent = 33, inodesPercent = 10, ...rest } = overrides;
  const usage = (total: number, part: number) => {
    const used = Math.round((total * part) / 100);
    return { used, available: total - used, percent: part };
  };
  return {
    mountPoint: '/',
    device: '8:1',
    fsType: 'ext4',
    source: '/dev/sda1',
    space: usage(100 * GIB, percent),
    inodes: usage(1_000_000, inodesPercent),
    ...rest,
  };
}

/** Creates the reading of a healthy system that is not NixOS. */
export function systemReading(overrides: Partial<SystemReading> = {}): SystemReading {
  return {
    state: 'running',
    nixos: unknown('this host does not run NixOS'),
    oomKills: 0,
    ...overrides,
  };
}
