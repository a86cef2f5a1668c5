import { readFileSync } from 'node:fs';
import { blockNameOf } from './block-name.js';
import { KeptFile, type Scratch } from './kept-file.js';
import type { MountinfoEntry } from './mountinfo.js';

/** Types whose driver, ext4's, counts errors. */
const COUNTING = ['ext2', 'ext3', 'ext4'];

/** Number of errors that the kernel has found in an ext4 file system. It is in the super block and survives a reboot. */
export class ErrorCount {
  readonly #root: string;
  readonly #folder: string;
  readonly #file: KeptFile;

  /** Returns `undefined` for a type that does not count errors. */
  static of(entry: MountinfoEntry, root: string, scratch: Scratch): ErrorCount | undefined {
    return COUNTING.includes(entry.fsType) ? new ErrorCount(entry, root, scratch) : undefined;
  }

  private constructor(entry: MountinfoEntry, root: string, scratch: Scratch) {
    this.#root = root;
    this.#folder = `${root}/sys/fs/ext4/${blockNameOf(entry, root)}`;
    // Unreadable in some sandboxes: not retried on each reading.
    this.#file = new KeptFile(`${this.#folder}/errors_count`, scratch, { oneGo: true, retryMs: 30_000 });
  }

  /** Returns `undefined` if it cannot be read. */
  read(): number | undefined {
    const count = this.#file.text()?.integer() ?? -1;
    return count < 0 ? undefined : count;
  }

  /** Returns whether the last error was found since boot; `false` if unknown. */
  areOfThisBoot(): boolean {
    try {
      const last = Number(readFileSync(`${this.#folder}/last_error_time`, 'latin1'));
      const booted = /^btime (\d+)$/m.exec(readFileSync(`${this.#root}/proc/stat`, 'latin1'))?.[1];
      return booted !== undefined && last >= Number(booted);
    } catch {
      return false;
    }
  }

  close(): void {
    this.#file.close();
  }
}
