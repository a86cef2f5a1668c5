import { isUnknown, unknown, type Reading, type Writable } from '../../model/reading.js';
import type { MountReading, UsageReading, WriteReading } from '../../model/snapshot.js';
import type { BtrfsMetadata } from './btrfs-metadata.js';
import type { FileSystems } from './file-systems.js';
import type { MonitoredMount } from './monitored-mounts.js';
import { mayBeSecondView } from './fs-types.js';
import { Pool } from './pools.js';
import { inodesOf, NO_INODES, noUsage, spaceOf, type StatFs } from './usage.js';

/** A monitored mount with its last usage. The usage objects are reused by each reading. */
export class MountUsage {
  readonly mount: MonitoredMount;
  readonly mountPoint: string;
  space: Reading<UsageReading> = NOT_ASKED;
  inodes: Reading<UsageReading> = NOT_ASKED;
  /** False if it has no size: `df` does not list it either. */
  counts = false;
  /** True if another mount represents it: that of its pool, or another view of the same disk. */
  merged = false;
  /** Write state of the pool that it represents. */
  poolWrites: WriteReading | undefined;
  /** Only for btrfs. */
  metadata: UsageReading | undefined;
  readonly #metadata: BtrfsMetadata | undefined;
  /** A copy, because V8 then allocates no object for the result of `statfs`. */
  readonly #stat: Writable<Required<StatFs>> = {
    ...{ bsize: 0, frsize: 0, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 },
  };
  readonly #space = noUsage();
  readonly #inodes = noUsage();

  constructor(mount: MonitoredMount, metadata?: BtrfsMetadata) {
    this.mount = mount;
    this.#metadata = metadata;
    this.mountPoint = mount.mountPoint;
    if (mount.skipReason !== undefined) this.fail(mount.skipReason);
  }

  /** `undefined` if another mount of the same file system reports it. */
  get writes(): WriteReading | undefined {
    return this.poolWrites ?? this.mount.writes?.current;
  }

  /** Returns whether this is a second view of the disk of another mount: same size and usage. */
  isSameDiskAs({ space }: MountUsage): boolean {
    const own = this.space;
    if (isUnknown(own) || isUnknown(space)) return false;
    const size = own.used + own.available;
    return size === space.used + space.available && Math.abs(own.used - space.used) <= TOLERANCE * size;
  }

  take(answer: StatFs): void {
    const stat = this.#stat;
    stat.bsize = answer.bsize;
    stat.frsize = answer.frsize ?? 0;
    stat.blocks = answer.blocks;
    stat.bfree = answer.bfree;
    stat.bavail = answer.bavail;
    stat.files = answer.files;
    stat.ffree = answer.ffree;
    this.counts = stat.blocks > 0 || this.mount.remote || this.mountPoint === '/';
    this.space = spaceOf(stat, this.#space);
    this.inodes = DYNAMIC_INODES.includes(this.mount.fsType) ? NO_INODES : inodesOf(stat, this.#inodes);
    this.metadata = this.#metadata?.read();
  }

  fail(reason: string): void {
    this.counts = true;
    this.metadata = undefined;
    this.space = this.inodes = Object.freeze(unknown(reason));
  }

  /** Returns a frozen copy of the last usage. */
  reading(): MountReading {
    const { mountPoint, device, fsType, source } = this.mount;
    const { writes, metadata } = this;
    return Object.freeze({
      ...{ mountPoint, device, fsType, source },
      ...(writes ? { writes } : {}),
      ...(metadata ? { metadata: Object.freeze({ ...metadata }) } : {}),
      space: kept(this.space),
      inodes: kept(this.inodes),
    });
  }
}

/** Tolerated difference between two views of a disk, as a share of its size: they are not read at the same moment. */
const TOLERANCE = 0.001;
/** Types that allocate inodes dynamically and derive their number from the free space. */
const DYNAMIC_INODES: readonly string[] = ['bcachefs', 'zfs'];

const NOT_ASKED = Object.freeze(unknown('it has not been read yet'));

const kept = (usage: Reading<UsageReading>): Reading<UsageReading> =>
  isUnknown(usage) ? usage : Object.freeze({ ...usage });

/** The monitored mounts with their usage. */
export class MountUsages {
  all: readonly MountUsage[] = [];
  hasRemote = false;
  #version = -1;
  #pools: readonly Pool[] = [];

  /** Replaces the list if the mounts have changed. */
  follow(fileSystems: FileSystems): void {
    fileSystems.follow();
    if (this.#version === fileSystems.version) return;
    this.#version = fileSystems.version;
    const usages = new Map(
      fileSystems.all.map((mount) => [mount, new MountUsage(mount, fileSystems.metadataOf(mount))]),
    );
    this.all = [...usages.values()];
    this.#pools = fileSystems.pools.map(
      ({ first, members }) =>
        new Pool(
          usages.get(first)!,
          members.map((one) => usages.get(one)!),
        ),
    );
    this.hasRemote = this.all.some(({ mount }) => isRemote(mount));
  }

  /** Returns the mounts that have a size and are not merged into another. Call it after all were read. */
  counting(): readonly MountUsage[] {
    const { all } = this;
    for (const pool of this.#pools) pool.merge();
    if (this.hasRemote) this.#mergeViews();
    for (const one of all)
      if (!one.counts || one.merged) return all.filter((each) => each.counts && !each.merged);
    return all;
  }

  /** Merges the views of a disk: WSL2 shows a Windows disk in several places, and bindfs any folder. */
  #mergeViews(): void {
    const isView = ({ mount }: MountUsage): boolean => isRemote(mount) && mayBeSecondView(mount.fsType);
    const kept = this.all.filter((one) => !isView(one));
    for (const one of this.all) {
      if (!isView(one)) continue;
      one.merged = !one.mount.isNamed && kept.some((other) => one.isSameDiskAs(other));
      if (!one.merged) kept.push(one);
    }
  }
}

/** Returns whether its usage is read with a timeout. */
export const isRemote = ({ remote, skipReason }: MonitoredMount): boolean =>
  remote && skipReason === undefined;
