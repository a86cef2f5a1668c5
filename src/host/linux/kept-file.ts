import { closeSync, openSync, readSync } from 'node:fs';
import { Digits } from './digits.js';
import { reasonOf } from './reason.js';

/** Buffer that all files of a reader are read into, one after the other. It grows and never shrinks. */
export interface Scratch {
  bytes: Buffer;
  readonly digits: Digits;
}

const START_BYTES = 16_384;

export const createScratch = (): Scratch => ({
  bytes: Buffer.allocUnsafeSlow(START_BYTES),
  digits: new Digits(),
});

const LARGEST_BYTES = 64 * 1024 * 1024;

/** Options of a {@link KeptFile}. */
export interface KeptFileOptions {
  /**
   * Whether the kernel writes this file in one go (`single_open`, kernfs), so that a read which does not fill the buffer
   * has reached the end. Saves a system call. Default `false`: reads until 0 bytes are returned.
   */
  readonly oneGo?: boolean;
  /** Returns whether what was read so far is enough, so that the rest is left. Default: never. */
  readonly isEnough?: (text: Digits) => boolean;
  /** Milliseconds until a file that could not be opened is tried again. Default 0. */
  readonly retryMs?: number;
  /** Monotonic milliseconds. Default `performance.now`. */
  readonly monotonic?: () => number;
}

const DEFAULTS: Required<KeptFileOptions> = {
  ...{ oneGo: false, isEnough: () => false, retryMs: 0, monotonic: () => performance.now() },
};

/**
 * A file of `/proc` or `/sys` whose descriptor stays open: a read at position 0 makes the kernel generate the text
 * again. After an error the file is reopened, once per reading.
 */
export class KeptFile {
  readonly path: string;
  /** Reason why the last `read` returned −1. */
  reason = '';
  #scratch: Scratch;
  #options: Required<KeptFileOptions>;
  #fd = -1;
  #retryAt = -Infinity;

  constructor(path: string, scratch: Scratch, options: KeptFileOptions = {}) {
    this.path = path;
    this.#scratch = scratch;
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Reads the file. Returns its text, which the next reading overwrites; `undefined`, with a `reason`, on failure. */
  text(): Digits | undefined {
    const length = this.read();
    return length < 0 ? undefined : this.#first(length);
  }

  /** Reads the whole file into the scratch buffer. Returns the number of bytes, or −1 with a `reason`. */
  read(): number {
    const { retryMs, monotonic } = this.#options;
    if (this.#fd >= 0) {
      try {
        return this.#fill();
      } catch {
        this.close();
      }
    } else if (retryMs > 0 && monotonic() < this.#retryAt) {
      return -1;
    }
    try {
      this.#fd = openSync(this.path, 'r');
      return this.#fill();
    } catch (error) {
      this.reason = reasonOf(error);
      this.close();
      if (retryMs > 0) this.#retryAt = monotonic() + retryMs;
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

  #first(length: number): Digits {
    return this.#scratch.digits.over(this.#scratch.bytes, length);
  }

  #fill(): number {
    const { oneGo, isEnough } = this.#options;
    let length = 0;
    for (;;) {
      const { bytes } = this.#scratch;
      const room = bytes.length - length;
      const count = readSync(this.#fd, bytes, length, room, length);
      length += count;
      if (count === 0 || (oneGo && count < room) || isEnough(this.#first(length))) return length;
      if (length < bytes.length) continue;
      if (length >= LARGEST_BYTES) throw new Error(`${this.path} is larger than ${LARGEST_BYTES} bytes`);
      this.#scratch.bytes = Buffer.concat([bytes], 2 * bytes.length);
      // The second read generates the text again, which may differ.
      if (oneGo) length = 0;
    }
  }
}
