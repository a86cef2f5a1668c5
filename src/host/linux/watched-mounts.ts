import { isUnknown, unknown, type Reading, type Writable } from '../../model/reading.js';
import type { MountReading, UsageReading, WriteReading } from '../../model/snapshot.js';
import type { BtrfsMetadata } from './btrfs-metadata.js';
import type { FileSystems } from './file-systems.js';
import type { CountedMount } from './mounts-that-count.js';
import { mayBeSecondWay } from './fs-types.js';
import { Pool } from './pools.js';
import { inodesOf, NO_INODES, noUsage, spaceOf, type StatFs } from './usage.js';

/** A mount that counts, and the places that its answers are put into, one after the other. */
export class WatchedMount {
  readonly mount: CountedMount;
  readonly mountPoint: string;
  space: Reading<UsageReading> = NOT_ASKED;
  inodes: Reading<UsageReading> = NOT_ASKED;
  /** Whether it has a size at all. As in `df`: without, it is no place to fill, unless somebody asks for it by name. */
  counts = false;
  /** Whether another one stands for it: that of its pool, or another way to the same disk. */
  merged = false;
  /** Of the pool that it stands for. */
  poolWrites: WriteReading | undefined;
  /** Only of a btrfs. */
  metadata: UsageReading | undefined;
  readonly #metadata: BtrfsMetadata | undefined;
  /** A copy: V8 makes no object of an answer whose numbers are only copied. */
  readonly #stat: Writable<StatFs> = { bsize: 0, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
  readonly #space = noUsage();
  readonly #inodes = noUsage();

  constructor(mount: CountedMount, metadata?: BtrfsMetadata) {
    this.mount = mount;
    this.#metadata = metadata;
    this.mountPoint = mount.mountPoint;
    if (mount.notAsked !== undefined) this.fail(mount.notAsked);
  }

  get isNamed(): boolean {
    return this.mount.isNamed;
  }

  /** Whether it takes writes; `undefined` where another mount of the same file system tells. */
  get writes(): WriteReading | undefined {
    return this.poolWrites ?? this.mount.writes?.current;
  }

  /** Whether this is another way to the disk of another mount: the same size, and as much in use. */
  isSameDiskAs({ space }: WatchedMount): boolean {
    const own = this.space;
    if (isUnknown(own) || isUnknown(space)) return false;
    const size = own.used + own.available;
    return size === space.used + space.available && Math.abs(own.used - space.used) <= SAME * size;
  }

  take(answer: StatFs): void {
    const stat = this.#stat;
    stat.bsize = answer.frsize === undefined || !(answer.frsize > 0) ? answer.bsize : answer.frsize;
    stat.blocks = answer.blocks;
    stat.bfree = answer.bfree;
    stat.bavail = answer.bavail;
    stat.files = answer.files;
    stat.ffree = answer.ffree;
    this.#put(stat);
  }

  #put(stat: StatFs): void {
    this.counts = stat.blocks > 0 || this.mount.remote || this.mountPoint === '/';
    this.space = spaceOf(stat, this.#space);
    this.inodes = MAKES_INODES.includes(this.mount.fsType) ? NO_INODES : inodesOf(stat, this.#inodes);
    this.metadata = this.#metadata?.read();
  }

  fail(reason: string): void {
    this.counts = true;
    this.metadata = undefined;
    this.space = this.inodes = Object.freeze(unknown(reason));
  }

  /** What it says now, to keep. */
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

/** Two readings of one disk are not of the same moment: so much of its size may lie between them. */
const SAME = 0.001;
/** Types that make inodes as they need them, and yet give a number: out of what is free. */
const MAKES_INODES: readonly string[] = ['bcachefs', 'zfs'];

const NOT_ASKED = Object.freeze(unknown('it was not asked yet'));

const kept = (usage: Reading<UsageReading>): Reading<UsageReading> =>
  isUnknown(usage) ? usage : Object.freeze({ ...usage });

/** The mounts that count, with a place for the answers of each. */
export class WatchedMounts {
  all: readonly WatchedMount[] = [];
  hasRemote = false;
  #version = -1;
  #pools: readonly Pool[] = [];

  /** Begins anew where the mounts are others. */
  follow(fileSystems: FileSystems): void {
    fileSystems.follow();
    if (this.#version === fileSystems.version) return;
    this.#version = fileSystems.version;
    const watched = new Map(
      fileSystems.all.map((mount) => [mount, new WatchedMount(mount, fileSystems.metadataOf(mount))]),
    );
    this.all = [...watched.values()];
    this.#pools = fileSystems.pools.map(
      ({ first, members }) =>
        new Pool(
          watched.get(first)!,
          members.map((one) => watched.get(one)!),
        ),
    );
    this.hasRemote = this.all.some(({ mount }) => isRemote(mount));
  }

  /** Those that have a size, and that no other one stands for. To be called when all were asked. */
  counting(): readonly WatchedMount[] {
    const { all } = this;
    for (const pool of this.#pools) pool.settle();
    if (this.hasRemote) this.#mergeWays();
    for (const one of all)
      if (!one.counts || one.merged) return all.filter((each) => each.counts && !each.merged);
    return all;
  }

  /** A disk counts once: WSL2 shows one of Windows in several places, and bindfs what is mounted elsewhere. */
  #mergeWays(): void {
    const isWay = ({ mount }: WatchedMount): boolean => isRemote(mount) && mayBeSecondWay(mount.fsType);
    const kept = this.all.filter((one) => !isWay(one));
    for (const one of this.all) {
      if (!isWay(one)) continue;
      one.merged = !one.isNamed && kept.some((other) => one.isSameDiskAs(other));
      if (!one.merged) kept.push(one);
    }
  }
}

/** Whether it is asked in a way that may take its time. */
export const isRemote = ({ remote, notAsked }: CountedMount): boolean => remote && notAsked === undefined;
