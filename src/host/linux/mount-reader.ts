import { statfs, statfsSync } from 'node:fs';
import { isUnknown, unknown, type Reading } from '../reading.js';
import type { MountReading } from '../snapshot.js';
import type { MountTable } from './mount-table.js';
import { mountsThatCount, type CountedMount } from './mounts-that-count.js';
import { codeOf, reasonOf } from './reason.js';
import { SlowCalls } from './slow-calls.js';
import { inodesOf, spaceOf, type StatFs } from './usage.js';

/** The system call, in both ways. */
export interface StatFsCalls {
  /** For local file systems, which answer at once. */
  readonly sync: (path: string | Buffer) => StatFs;
  /** For those that may hang. */
  readonly async: (path: string | Buffer) => Promise<StatFs>;
}

/** Node's own calls. */
export const nodeStatFs: StatFsCalls = {
  sync: (path) => statfsSync(path),
  async: (path) =>
    new Promise((resolve, reject) => {
      statfs(path, (error, stat) => (error ? reject(error) : resolve(stat)));
    }),
};

/** A mount with what it said last, so that an unchanged answer costs no new object. */
interface Watched {
  readonly mount: CountedMount;
  stat?: StatFs | undefined;
  reading?: MountReading | undefined;
}

/** Asks every mount that counts how full it is. */
export class MountReader {
  #table: MountTable;
  #calls: StatFsCalls;
  #slow: SlowCalls<StatFs>;
  #version = -1;
  #watched: Watched[] = [];
  #hasRemote = false;
  #answer: readonly MountReading[] = Object.freeze([]);

  constructor(table: MountTable, calls: StatFsCalls, timeoutMs: number) {
    this.#table = table;
    this.#calls = calls;
    this.#slow = new SlowCalls({ timeoutMs });
  }

  /** Answers with a promise only where a remote file system is mounted. */
  read(signal?: AbortSignal): Reading<readonly MountReading[]> | Promise<Reading<readonly MountReading[]>> {
    if (!this.#readLocal()) {
      // A mount point is gone: so is the table that named it.
      this.#table.refresh();
      this.#readLocal();
    }
    if (this.#table.reason) return unknown(`the mounts are not known: ${this.#table.reason}`);
    return this.#hasRemote ? this.#readRemote(this.#watched, signal) : this.#collect(this.#watched);
  }

  close(): void {
    this.#slow.close();
  }

  /** Gives `false` where a mount point no longer exists. */
  #readLocal(): boolean {
    this.#update();
    let allThere = true;
    for (const watched of this.#watched) {
      if (watched.mount.remote) continue;
      try {
        take(watched, this.#calls.sync(watched.mount.path));
      } catch (error) {
        fail(watched, reasonOf(error));
        if (codeOf(error) === 'ENOENT') allThere = false;
      }
    }
    return allThere;
  }

  async #readRemote(
    watched: readonly Watched[],
    signal?: AbortSignal,
  ): Promise<Reading<readonly MountReading[]>> {
    await Promise.all(
      watched
        .filter(({ mount }) => mount.remote)
        .map(async (remote) => {
          const { mountPoint, path } = remote.mount;
          const stat = await this.#slow.run(mountPoint, () => this.#calls.async(path), signal);
          if (isUnknown(stat)) fail(remote, stat.unknown);
          else take(remote, stat);
        }),
    );
    return this.#collect(watched);
  }

  #update(): void {
    if (this.#version === this.#table.version) return;
    this.#version = this.#table.version;
    this.#watched = mountsThatCount(this.#table.entries).map((mount) => ({ mount }));
    this.#hasRemote = this.#watched.some(({ mount }) => mount.remote);
  }

  /** The same list as before where nothing in it has changed. */
  #collect(watched: readonly Watched[]): readonly MountReading[] {
    const before = this.#answer;
    let at = 0;
    let same = true;
    for (const { reading } of watched) {
      if (reading && before[at++] !== reading) same = false;
    }
    if (same && at === before.length) return before;
    this.#answer = Object.freeze(watched.flatMap(({ reading }) => reading ?? []));
    return this.#answer;
  }
}

function take(watched: Watched, stat: StatFs): void {
  const { mount, stat: before } = watched;
  if (before && isSame(before, stat)) return;
  watched.stat = stat;
  const space = spaceOf(stat);
  // As in `df`: what has no size is no place to fill, unless somebody may ask for it by name.
  if (!(stat.blocks > 0) && !mount.remote && mount.mountPoint !== '/') watched.reading = undefined;
  else watched.reading = toReading(mount, space, inodesOf(stat));
}

function fail(watched: Watched, reason: string): void {
  watched.stat = undefined;
  const before = watched.reading?.space;
  if (before && isUnknown(before) && before.unknown === reason) return;
  const why = Object.freeze(unknown(reason));
  watched.reading = toReading(watched.mount, why, why);
}

const toReading = (
  { mountPoint, device, fsType, source }: CountedMount,
  space: MountReading['space'],
  inodes: MountReading['inodes'],
): MountReading => Object.freeze({ mountPoint, device, fsType, source, space, inodes });

const isSame = (a: StatFs, b: StatFs): boolean =>
  a.bfree === b.bfree &&
  a.bavail === b.bavail &&
  a.ffree === b.ffree &&
  a.files === b.files &&
  a.blocks === b.blocks &&
  a.bsize === b.bsize;
