import { isUnknown, unknown, type Reading, type Writable } from '../reading.js';
import type { MountReading, UsageReading, WriteReading } from '../snapshot.js';
import type { FileSystems } from './file-systems.js';
import type { CountedMount } from './mounts-that-count.js';
import { inodesOf, noUsage, spaceOf, type StatFs } from './usage.js';

/** A mount that counts, and the places that its answers are put into, one after the other. */
export class WatchedMount {
  readonly mount: CountedMount;
  readonly mountPoint: string;
  space: Reading<UsageReading> = NOT_ASKED;
  inodes: Reading<UsageReading> = NOT_ASKED;
  /** Whether it has a size at all. As in `df`: without, it is no place to fill, unless somebody asks for it by name. */
  counts = false;
  /** A copy: V8 makes no object of an answer whose numbers are only copied. */
  readonly #stat: Writable<StatFs> = { bsize: 0, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
  readonly #space = noUsage();
  readonly #inodes = noUsage();

  constructor(mount: CountedMount) {
    this.mount = mount;
    this.mountPoint = mount.mountPoint;
    if (mount.notAsked !== undefined) this.fail(mount.notAsked);
  }

  /** Whether it takes writes; `undefined` where another mount of the same file system tells. */
  get writes(): WriteReading | undefined {
    return this.mount.writes?.current;
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
    this.inodes = inodesOf(stat, this.#inodes);
  }

  fail(reason: string): void {
    this.counts = true;
    this.space = this.inodes = Object.freeze(unknown(reason));
  }

  /** What it says now, to keep. */
  reading(): MountReading {
    const { mountPoint, device, fsType, source, writes } = this.mount;
    return Object.freeze({
      ...{ mountPoint, device, fsType, source },
      ...(writes ? { writes: writes.current } : {}),
      space: kept(this.space),
      inodes: kept(this.inodes),
    });
  }
}

const NOT_ASKED = Object.freeze(unknown('it was not asked yet'));

const kept = (usage: Reading<UsageReading>): Reading<UsageReading> =>
  isUnknown(usage) ? usage : Object.freeze({ ...usage });

/** The mounts that count, with a place for the answers of each. */
export class WatchedMounts {
  all: readonly WatchedMount[] = [];
  hasRemote = false;
  #version = -1;

  /** Begins anew where the mounts are others. */
  follow(fileSystems: FileSystems): void {
    fileSystems.follow();
    if (this.#version === fileSystems.version) return;
    this.#version = fileSystems.version;
    this.all = fileSystems.all.map((mount) => new WatchedMount(mount));
    this.hasRemote = this.all.some(({ mount }) => isRemote(mount));
  }

  /** Those that have a size. */
  counting(): readonly WatchedMount[] {
    const { all } = this;
    for (const one of all) if (!one.counts) return all.filter(({ counts }) => counts);
    return all;
  }
}

/** Whether it is asked in a way that may take its time. */
export const isRemote = ({ remote, notAsked }: CountedMount): boolean => remote && notAsked === undefined;
