import { closeSync, openSync, readSync } from 'node:fs';
import { reasonOf } from './reason.js';

/** Buffer that all files of a reader are read into, one after the other. It grows and never shrinks. */
export interface Scratch {
  bytes: Buffer;
}

const START_BYTES = 16_384;

export const createScratch = (): Scratch => ({ bytes: Buffer.allocUnsafeSlow(START_BYTES) });

function grow(scratch: Scratch): void {
  const larger = Buffer.allocUnsafeSlow(scratch.bytes.length * 2);
  scratch.bytes.copy(larger);
  scratch.bytes = larger;
}

const LARGEST_BYTES = 64 * 1024 * 1024;

/** Options of a {@link KeptFile}. */
export interface KeptFileOptions {
  /**
   * Whether the kernel writes this file in one go (`single_open`, kernfs), so that a read which does not fill the buffer
   * has reached the end. Saves a system call. Default `false`: reads until 0 bytes are returned.
   */
  readonly oneGo?: boolean;
  /** Returns whether what was read so far is enough, so that the rest is left. Default: never. */
  readonly isEnough?: (length: number) => boolean;
  /** Milliseconds until a file that could not be opened is tried again. Default 0. */
  readonly retryMs?: number;
  /** Monotonic milliseconds. Default `performance.now`. */
  readonly monotonic?: () => number;
}

/**
 * A file of `/proc` or `/sys` whose descriptor stays open: a read at position 0 makes the kernel generate the text
 * again. After an error the file is reopened, once per reading.
 */
export class KeptFile {
  readonly path: string;
  /** Reason why the last `read` returned −1. */
  reason = '';
  #scratch: Scratch;
  #oneGo: boolean;
  #isEnough: KeptFileOptions['isEnough'];
  #retryMs: number;
  #monotonic: () => number;
  #fd = -1;
  #retryAt = -Infinity;

  constructor(path: string, scratch: Scratch, options: KeptFileOptions = {}) {
    this.path = path;
    this.#scratch = scratch;
    this.#oneGo = options.oneGo ?? false;
    this.#isEnough = options.isEnough;
    this.#retryMs = options.retryMs ?? 0;
    this.#monotonic = options.monotonic ?? (() => performance.now());
  }

  /** Reads the whole file into the scratch buffer. Returns the number of bytes, or −1 with a `reason`. */
  read(): number {
    if (this.#fd >= 0) {
      try {
        return this.#fill();
      } catch {
        this.close();
      }
    } else if (this.#retryMs > 0 && this.#monotonic() < this.#retryAt) {
      return -1;
    }
    try {
      this.#fd = openSync(this.path, 'r');
      return this.#fill();
    } catch (error) {
      this.reason = reasonOf(error);
      this.close();
      if (this.#retryMs > 0) this.#retryAt = this.#monotonic() + this.#retryMs;
      return -1;
    }
  }

  /** Closes the descriptor; a later `read` opens it again. */
  close(): void {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd < 0) return;
    try {
      closeSync(fd);
    } catch {
      // The descriptor is closed either way.
    }
  }

  #fill(): number {
    let length = 0;
    for (;;) {
      const { bytes } = this.#scratch;
      const room = bytes.length - length;
      const count = readSync(this.#fd, bytes, length, room, length);
      length += count;
      if (count === 0 || (this.#oneGo && count < room) || this.#isEnough?.(length)) return length;
      if (length < bytes.length) continue;
      if (length >= LARGEST_BYTES) throw new Error(`${this.path} is larger than ${LARGEST_BYTES} bytes`);
      grow(this.#scratch);
      // The second read generates the text again, which may differ.
      if (this.#oneGo) length = 0;
    }
  }
}
