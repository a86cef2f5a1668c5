import { BtrfsMetadata } from './btrfs-metadata.js';
import { ErrorCount } from './error-count.js';
import { isReadOnlyInFstab } from './fstab.js';
import type { MountTable } from './mount-table.js';
import type { MountinfoEntry } from './mountinfo.js';
import { mountsThatCount, type CountedMount } from './mounts-that-count.js';
import { firstOfPool, poolOf } from './pools.js';
import type { Scratch } from './scratch.js';
import { isShutDown } from './shut-down.js';
import { WriteState } from './write-state.js';

/** Mount points that a host remembers as named; the rest is ignored. */
const MOST_NAMED = 1_000;

/**
 * The mounts that count, as the table of mounts has them, and what is remembered of each file system while it is
 * mounted: how it was at its first reading, and where it was looked at before.
 */
export class FileSystems {
  all: readonly CountedMount[] = [];
  /** Those that share the space of one pool, and the one that stands for it. */
  pools: readonly { readonly first: CountedMount; readonly members: readonly CountedMount[] }[] = [];
  /** Grows by one whenever `all` is another list than before. */
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

  /** From now on these mount points count whatever is mounted there. */
  name(mountPoints: readonly string[]): void {
    for (const mountPoint of mountPoints) {
      if (this.#named.has(mountPoint) || this.#named.size >= MOST_NAMED) continue;
      this.#named.add(mountPoint);
      this.#tableVersion = -1;
    }
  }

  /** Follows the table. */
  follow(): void {
    if (this.#tableVersion !== this.table.version) this.#choose();
  }

  /** Reads what the table does not tell of each file system: once for each look. */
  look(): void {
    this.follow();
    for (const mount of this.all) mount.writes?.look(isShutDown(mount, this.#root));
  }

  close(): void {
    for (const state of this.#states.values()) state.close();
  }

  #choose(): void {
    const { entries, version } = this.table;
    this.#tableVersion = version;
    // A table that cannot be read now tells nothing of what is mounted.
    if (entries.length > 0) this.#forgetOthers(entries);
    this.all = mountsThatCount(entries, {
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
    const byPool = new Map<string, CountedMount[]>();
    for (const mount of this.all) {
      const pool = mount.notAsked === undefined ? poolOf(mount) : undefined;
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

  /** What the metadata of a btrfs is read from. */
  metadataOf(mount: CountedMount): BtrfsMetadata | undefined {
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

  /** What was unmounted begins anew when it is mounted again. */
  #forgetOthers(entries: readonly MountinfoEntry[]): void {
    if (this.#states.size === 0) return;
    const devices = new Set(entries.map(({ device }) => device));
    for (const [device, state] of this.#states) {
      if (devices.has(device)) continue;
      state.close();
      this.#states.delete(device);
    }
  }
}
