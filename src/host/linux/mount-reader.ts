import { statfs, statfsSync } from 'node:fs';
import { isUnknown, unknown, type Reading, type Unknown } from '../../model/reading.js';
import type { MountReading } from '../../model/snapshot.js';
import type { FileSystems } from './file-systems.js';
import { codeOf, reasonOf } from './reason.js';
import { SlowCalls } from './slow-calls.js';
import { statInChild } from './stat-child.js';
import type { StatFs } from './usage.js';
import { isRemote, WatchedMounts, type WatchedMount } from './watched-mounts.js';

/** The system call, in both ways. */
export interface StatFsCalls {
  /** For local file systems, which answer at once. */
  readonly sync: (path: string | Buffer) => StatFs;
  /** For those that may hang. The signal ends it. */
  readonly async: (path: string | Buffer, signal: AbortSignal) => Promise<StatFs>;
}

/** Node's own call, and `stat -f` in a process that can be killed. */
export const nodeStatFs: StatFsCalls = {
  sync: (path) => statfsSync(path),
  // No program can be given a name that is not UTF-8: a thread asks, and may hang.
  async: (path, signal) => (typeof path === 'string' ? statInChild(path, signal) : statfsInThread(path)),
};

const statfsInThread = (path: Buffer): Promise<StatFs> =>
  new Promise((resolve, reject) => {
    statfs(path, (error, stat) => (error ? reject(error) : resolve(stat)));
  });

/** Asks every mount that counts how full it is. */
export class MountReader {
  #fileSystems: FileSystems;
  #calls: StatFsCalls;
  #slow: SlowCalls<StatFs>;
  #watched = new WatchedMounts();

  constructor(fileSystems: FileSystems, calls: StatFsCalls, timeoutMs: number, monotonic?: () => number) {
    this.#fileSystems = fileSystems;
    this.#calls = calls;
    this.#slow = new SlowCalls({ timeoutMs, ...(monotonic ? { monotonic } : {}) });
  }

  /** Answers with a promise only where a remote file system is mounted. */
  read(signal?: AbortSignal): Reading<readonly MountReading[]> | Promise<Reading<readonly MountReading[]>> {
    const failed = this.#readLocal(this.#watched);
    if (failed) return failed;
    const watched = this.#watched;
    return watched.hasRemote ? this.#readRemote(watched, signal) : collect(watched);
  }

  /** Reads into these; `undefined`, and nothing is asked, where a remote file system is mounted. */
  readInto(watched: WatchedMounts): Reading<readonly WatchedMount[]> | undefined {
    watched.follow(this.#fileSystems);
    if (watched.hasRemote) return undefined;
    return this.#readLocal(watched) ?? (watched.hasRemote ? undefined : watched.counting());
  }

  close(): void {
    this.#slow.close();
  }

  /** Gives the reason where there are no mounts to ask. */
  #readLocal(watched: WatchedMounts): Unknown | undefined {
    const { table } = this.#fileSystems;
    this.#fileSystems.look();
    if (!this.#askLocal(watched)) {
      // A mount point is gone: so is the table that named it.
      table.refresh();
      this.#askLocal(watched);
    }
    return table.reason === '' ? undefined : unknown(`the mounts are not known: ${table.reason}`);
  }

  /** Gives `false` where a mount point no longer exists. */
  #askLocal(watched: WatchedMounts): boolean {
    watched.follow(this.#fileSystems);
    let allThere = true;
    for (const one of watched.all) {
      const { remote, notAsked } = one.mount;
      if (!remote && notAsked === undefined && !this.#ask(one)) allThere = false;
    }
    return allThere;
  }

  #ask(one: WatchedMount): boolean {
    try {
      one.take(this.#calls.sync(one.mount.path));
      return true;
    } catch (error) {
      one.fail(reasonOf(error));
      return codeOf(error) !== 'ENOENT';
    }
  }

  async #readRemote(watched: WatchedMounts, signal?: AbortSignal): Promise<Reading<readonly MountReading[]>> {
    const remotes = watched.all.filter(({ mount }) => isRemote(mount));
    this.#slow.keepOnly(new Set(remotes.map(({ mountPoint }) => mountPoint)));
    await Promise.all(
      remotes.map(async (remote) => {
        const { mountPoint, path } = remote.mount;
        const stat = await this.#slow.run(mountPoint, (late) => this.#calls.async(path, late), signal);
        if (isUnknown(stat)) remote.fail(stat.unknown);
        else remote.take(stat);
      }),
    );
    return collect(watched);
  }
}

const collect = (watched: WatchedMounts): readonly MountReading[] =>
  Object.freeze(watched.counting().map((one) => one.reading()));
