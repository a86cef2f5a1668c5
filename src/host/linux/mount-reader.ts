import { statfs, statfsSync } from 'node:fs';
import { isUnknown, unknown, type Reading, type Unknown } from '../../model/reading.js';
import type { MountReading } from '../../model/snapshot.js';
import type { FileSystems } from './file-systems.js';
import { codeOf, reasonOf } from './reason.js';
import { SlowCalls } from './slow-calls.js';
import { statInChild } from './stat-child.js';
import type { StatFs } from './usage.js';
import { isRemote, MountUsages, type MountUsage } from './mount-usage.js';

/** Variants of the `statfs` system call. */
export interface StatFsCalls {
  /** For local file systems, which never hang. */
  readonly sync: (path: string | Buffer) => StatFs;
  /** For file systems that may hang. The signal ends the call. */
  readonly async: (path: string | Buffer, signal: AbortSignal) => Promise<StatFs>;
}

/** Node's call for local file systems, and `stat -f` in a process that can be killed for others. */
export const nodeStatFs: StatFsCalls = {
  sync: (path) => statfsSync(path),
  // Node cannot pass a name that is not UTF-8 to a program: a thread of the pool makes the call, and may hang.
  async: (path, signal) => (typeof path === 'string' ? statInChild(path, signal) : statfsInThread(path)),
};

const statfsInThread = (path: Buffer): Promise<StatFs> =>
  new Promise((resolve, reject) => {
    statfs(path, (error, stat) => (error ? reject(error) : resolve(stat)));
  });

/** Reads the usage of every monitored mount. */
export class MountReader {
  #fileSystems: FileSystems;
  #calls: StatFsCalls;
  #slow: SlowCalls<StatFs>;
  #usages = new MountUsages();

  constructor(fileSystems: FileSystems, calls: StatFsCalls, timeoutMs: number, monotonic?: () => number) {
    this.#fileSystems = fileSystems;
    this.#calls = calls;
    this.#slow = new SlowCalls({ timeoutMs, ...(monotonic ? { monotonic } : {}) });
  }

  /** Returns a promise only if a remote file system is mounted. */
  read(signal?: AbortSignal): Reading<readonly MountReading[]> | Promise<Reading<readonly MountReading[]>> {
    const failed = this.#readLocal(this.#usages);
    if (failed) return failed;
    const usages = this.#usages;
    return usages.hasRemote ? this.#readRemote(usages, signal) : collect(usages);
  }

  /** Reads into `usages`. Returns `undefined`, without reading, if a remote file system is mounted. */
  readInto(usages: MountUsages): Reading<readonly MountUsage[]> | undefined {
    usages.follow(this.#fileSystems);
    if (usages.hasRemote) return undefined;
    return this.#readLocal(usages) ?? (usages.hasRemote ? undefined : usages.counting());
  }

  close(): void {
    this.#slow.close();
  }

  /** Returns the reason if the mounts are unknown. */
  #readLocal(usages: MountUsages): Unknown | undefined {
    const { table } = this.#fileSystems;
    this.#fileSystems.updateWrites();
    if (!this.#statLocal(usages)) {
      // A mount point no longer exists: the table is out of date.
      table.refresh();
      this.#statLocal(usages);
    }
    return table.reason === '' ? undefined : unknown(`the mounts are unknown: ${table.reason}`);
  }

  /** Returns `false` if a mount point no longer exists. */
  #statLocal(usages: MountUsages): boolean {
    usages.follow(this.#fileSystems);
    let allExist = true;
    for (const one of usages.all) {
      const { remote, skipReason } = one.mount;
      if (!remote && skipReason === undefined && !this.#stat(one)) allExist = false;
    }
    return allExist;
  }

  #stat(one: MountUsage): boolean {
    try {
      one.take(this.#calls.sync(one.mount.path));
      return true;
    } catch (error) {
      one.fail(reasonOf(error));
      return codeOf(error) !== 'ENOENT';
    }
  }

  async #readRemote(usages: MountUsages, signal?: AbortSignal): Promise<Reading<readonly MountReading[]>> {
    const remotes = usages.all.filter(({ mount }) => isRemote(mount));
    this.#slow.keepOnly(new Set(remotes.map(({ mountPoint }) => mountPoint)));
    await Promise.all(
      remotes.map(async (remote) => {
        const { mountPoint, path } = remote.mount;
        const stat = await this.#slow.run(mountPoint, (late) => this.#calls.async(path, late), signal);
        if (isUnknown(stat)) remote.fail(stat.unknown);
        else remote.take(stat);
      }),
    );
    return collect(usages);
  }
}

const collect = (usages: MountUsages): readonly MountReading[] =>
  Object.freeze(usages.counting().map((one) => one.reading()));
