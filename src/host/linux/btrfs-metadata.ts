import { readdirSync, readFileSync } from 'node:fs';
import type { Writable } from '../../model/reading.js';
import type { UsageReading } from '../../model/snapshot.js';
import type { MountinfoEntry } from './mountinfo.js';
import { blockNameOf } from './block-name.js';
import { percentOf } from './percent.js';

/** Kinds of chunks that btrfs allocates on its devices. */
const KINDS = ['data', 'metadata', 'system'] as const;
const SECTOR_BYTES = 512;

/**
 * Metadata usage of a btrfs: when its metadata is full, every write fails even if there is space for data. Unallocated
 * space counts as available, the global reserve as used. Read from `/sys/fs/btrfs`, which never hangs.
 */
export class BtrfsMetadata {
  readonly #folder: string;
  readonly #usage: Writable<UsageReading> = { used: 0, available: 0, percent: 0 };

  /** Returns `undefined` for another type, or if sysfs does not list the file system. */
  static of(
    mount: Pick<MountinfoEntry, 'device' | 'fsType' | 'source'>,
    root: string,
  ): BtrfsMetadata | undefined {
    if (mount.fsType !== 'btrfs') return undefined;
    const name = blockNameOf(mount, root);
    const top = `${root}/sys/fs/btrfs`;
    try {
      const own = readdirSync(top).find((uuid) => {
        try {
          return readdirSync(`${top}/${uuid}/devices`).includes(name);
        } catch {
          return false;
        }
      });
      return own === undefined ? undefined : new BtrfsMetadata(`${top}/${own}`);
    } catch {
      return undefined;
    }
  }

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Returns the usage in bytes, each counted once whatever its number of copies (`DUP`); `undefined` if unknown. */
  read(): UsageReading | undefined {
    try {
      const total = this.#number('allocation/metadata/total_bytes');
      const raw = this.#number('allocation/metadata/disk_total');
      const reserve = this.#number('allocation/global_rsv_size');
      const used = this.#number('allocation/metadata/bytes_used') + reserve;
      const allocated = KINDS.reduce((sum, kind) => sum + this.#number(`allocation/${kind}/disk_total`), 0);
      const devices = readdirSync(`${this.#folder}/devices`);
      const size = devices.reduce(
        (sum, name) => sum + SECTOR_BYTES * this.#number(`devices/${name}/size`),
        0,
      );
      const copies = Math.max(1, raw / total);
      const available = total + Math.max(0, size - allocated) / copies - used;
      if (!(total > 0) || !(used >= 0) || !Number.isFinite(available)) return undefined;
      const usage = this.#usage;
      usage.used = used;
      usage.available = Math.max(0, available);
      usage.percent = percentOf(used, used + usage.available);
      return usage;
    } catch {
      return undefined;
    }
  }

  #number(file: string): number {
    const text = readFileSync(`${this.#folder}/${file}`, 'latin1').trim();
    return /^\d+$/.test(text) ? Number(text) : NaN;
  }
}
