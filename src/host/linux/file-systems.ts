import { readFileSync, statSync } from 'node:fs';
import { BtrfsMetadata } from './btrfs-metadata.js';
import { ErrorCount } from './error-count.js';
import type { MountTable } from './mount-table.js';
import { unescaped, type MountinfoEntry } from './mountinfo.js';
import { monitoredMounts, type MonitoredMount } from './monitored-mounts.js';
import { firstOfPool, poolOf } from './pools.js';
import { WriteState } from './write-state.js';
import { type Scratch } from './kept-file.js';

/** Limit of explicitly named mount points; the rest is ignored. */
const MAX_NAMED = 1_000;

/**
 * The monitored mounts, and the state kept for each file system while it is mounted: whether it was writable at the
 * first reading, and the mount point it was reported under.
 */
export class FileSystems {
  all: readonly MonitoredMount[] = [];
  /** Mounts that share the space of a pool, and the one that represents it. */
  pools: readonly { readonly first: MonitoredMount; readonly members: readonly MonitoredMount[] }[] = [];
  /** Incremented when `all` changes. */
  version = 0;
  readonly table: MountTable;
  readonly #root: string;
  readonly #scratch: Scratch;
  readonly #states = new Map<string, WriteState>();
  readonly #named = new Set<string>();
  #places: ReadonlyMap<string, string> = new Map();
  #firsts: ReadonlyMap<string, string> = new Map();
  #tableVersion = -1;

  constructor(table: MountTable, root: string, scratch: Scratch) {
    this.table = table;
    this.#root = root;
    this.#scratch = scratch;
  }

  /** Monitors these mount points from now on, whatever is mounted there. */
  name(mountPoints: readonly string[]): void {
    for (const mountPoint of mountPoints) {
      if (this.#named.has(mountPoint) || this.#named.size >= MAX_NAMED) continue;
      this.#named.add(mountPoint);
      this.#tableVersion = -1;
    }
  }

  /** Selects the mounts again if the table has changed. */
  follow(): void {
    if (this.#tableVersion !== this.table.version) this.#select();
  }

  /** Updates the write state of each file system from what the table does not contain. */
  updateWrites(): void {
    this.follow();
    for (const mount of this.all) mount.writes?.update(isShutDown(mount, this.#root));
  }

  close(): void {
    for (const state of this.#states.values()) state.close();
  }

  #select(): void {
    const { entries, version } = this.table;
    this.#tableVersion = version;
    // An empty table could not be read: nothing is known to be unmounted.
    if (entries.length > 0) this.#forgetUnmounted(entries);
    this.all = monitoredMounts(entries, {
      writesOf: (entry) => this.#stateOf(entry),
      named: this.#named,
      before: this.#places,
    });
    const own = this.all.filter(({ writes }) => writes !== undefined);
    if (entries.length > 0) this.#places = new Map(own.map(({ device, mountPoint }) => [device, mountPoint]));
    this.#pool(entries.length > 0);
    this.version += 1;
  }

  #pool(remember: boolean): void {
    const byPool = new Map<string, MonitoredMount[]>();
    for (const mount of this.all) {
      const pool = mount.skipReason === undefined ? poolOf(mount) : undefined;
      if (pool !== undefined) byPool.set(pool, [...(byPool.get(pool) ?? []), mount]);
    }
    const pools = [...byPool].map(([pool, members]) => ({
      pool,
      first: firstOfPool(members, this.#firsts.get(pool)),
      members,
    }));
    this.pools = pools.filter(({ members }) => members.length > 1);
    if (remember) this.#firsts = new Map(pools.map(({ pool, first }) => [pool, first.mountPoint]));
  }

  metadataOf(mount: MonitoredMount): BtrfsMetadata | undefined {
    return BtrfsMetadata.of(mount, this.#root);
  }

  #stateOf(entry: MountinfoEntry): WriteState {
    const { device } = entry;
    const known = this.#states.get(device);
    if (known?.is(entry)) {
      known.follow(entry);
      return known;
    }
    known?.close();
    const state = new WriteState(entry, {
      errors: ErrorCount.of(entry, this.#root, this.#scratch),
      isReadOnlyInFstab: (mountPoint) => isReadOnlyInFstab(this.#root, mountPoint),
    });
    this.#states.set(device, state);
    return state;
  }

  #forgetUnmounted(entries: readonly MountinfoEntry[]): void {
    if (this.#states.size === 0) return;
    const devices = new Set(entries.map(({ device }) => device));
    for (const [device, state] of this.#states) {
      if (devices.has(device)) continue;
      state.close();
      this.#states.delete(device);
    }
  }
}

/** Returns whether /etc/fstab mounts a place read-only; false where it cannot be read. */
function isReadOnlyInFstab(root: string, mountPoint: string): boolean {
  let text: string;
  try {
    text = readFileSync(`${root}/etc/fstab`, 'latin1');
  } catch {
    return false;
  }
  return text.split('\n').some((line) => {
    const [source = '#', place = '', , options = ''] = line.trim().split(/\s+/);
    return (
      !source.startsWith('#') &&
      withoutSlash(unescaped(place)) === mountPoint &&
      options.split(',').includes('ro')
    );
  });
}

const withoutSlash = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path);

/**
 * Returns whether the kernel shut down an XFS after an error, so that every call fails with EIO. The mount options of
 * XFS do not show it (Linux 6.18), unlike those of ext4. Remote file systems are not queried, as the call may hang.
 */
export function isShutDown({ fsType, path, remote }: MonitoredMount, root: string): boolean {
  if (fsType !== 'xfs' || remote) return false;
  try {
    statSync(typeof path === 'string' ? `${root}${path}` : Buffer.concat([Buffer.from(root), path]));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EIO';
  }
}
