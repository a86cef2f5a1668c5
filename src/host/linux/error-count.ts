import { readFileSync } from 'node:fs';
import { blockNameOf } from './block-name.js';
import { Digits } from './digits.js';
import { KeptFile } from './kept-file.js';
import type { MountinfoEntry } from './mountinfo.js';
import type { Scratch } from './scratch.js';

/** The driver of these counts errors; it is that of ext4. */
const COUNTING = ['ext2', 'ext3', 'ext4'];

/** The errors that the kernel has found in one ext4 file system: a number in its super block, which outlives a reboot. */
export class ErrorCount {
  readonly #root: string;
  readonly #folder: string;
  readonly #file: KeptFile;
  readonly #scratch: Scratch;
  readonly #digits = new Digits();

  /** `undefined` where a file system counts none. */
  static of(entry: MountinfoEntry, root: string, scratch: Scratch): ErrorCount | undefined {
    return COUNTING.includes(entry.fsType) ? new ErrorCount(entry, root, scratch) : undefined;
  }

  private constructor(entry: MountinfoEntry, root: string, scratch: Scratch) {
    this.#root = root;
    this.#scratch = scratch;
    this.#folder = `${root}/sys/fs/ext4/${blockNameOf(entry, root)}`;
    // One that cannot be read, as in some sandboxes, is not asked for at each look.
    this.#file = new KeptFile(`${this.#folder}/errors_count`, scratch, { oneGo: true, retryMs: 30_000 });
  }

  /** `undefined` where it cannot be read. */
  read(): number | undefined {
    const length = this.#file.read();
    if (length < 0) return undefined;
    const count = this.#digits.over(this.#scratch.bytes, length).integer();
    return count < 0 ? undefined : count;
  }

  /** Whether the last error was found since the host booted; false where that is not known. */
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
