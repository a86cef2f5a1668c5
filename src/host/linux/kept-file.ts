import { closeSync, openSync, readSync } from 'node:fs';
import { reasonOf } from './reason.js';
import { grow, type Scratch } from './scratch.js';

const LARGEST_BYTES = 64 * 1024 * 1024;

/** What a kept file may be told. */
export interface KeptFileOptions {
  /**
   * The kernel makes this file's text in one go (`single_open`, kernfs), so that a read which does not fill
   * the buffer has seen the end; this saves a system call. Default `false`: read until 0 comes back.
   */
  readonly oneGo?: boolean;
  /** How long a file that could not be opened is left alone, in milliseconds. Default 0. */
  readonly retryMs?: number;
  /** Milliseconds that only go forward; needed with `retryMs`. */
  readonly monotonic?: () => number;
}

/**
 * A file of `/proc` or `/sys` whose descriptor stays open: a read at position 0 makes the kernel write the
 * text anew. After an error it is opened again, once per reading.
 */
export class KeptFile {
  readonly path: string;
  /** Why the last `read` gave −1. */
  reason = '';
  #scratch: Scratch;
  #oneGo: boolean;
  #retryMs: number;
  #monotonic: () => number;
  #fd = -1;
  #leaveUntil = -Infinity;

  constructor(path: string, scratch: Scratch, options: KeptFileOptions = {}) {
    this.path = path;
    this.#scratch = scratch;
    this.#oneGo = options.oneGo ?? false;
    this.#retryMs = options.retryMs ?? 0;
    this.#monotonic = options.monotonic ?? (() => performance.now());
  }

  /** Reads the whole file into the scratch buffer. Gives the number of bytes, or −1 with a `reason`. */
  read(): number {
    if (this.#fd >= 0) {
      try {
        return this.#fill();
      } catch {
        this.close();
      }
    } else if (this.#retryMs > 0 && this.#monotonic() < this.#leaveUntil) {
      return -1;
    }
    try {
      this.#fd = openSync(this.path, 'r');
      return this.#fill();
    } catch (error) {
      this.reason = reasonOf(error);
      this.close();
      if (this.#retryMs > 0) this.#leaveUntil = this.#monotonic() + this.#retryMs;
      return -1;
    }
  }

  /** Lets go of the descriptor; a later `read` opens it again. */
  close(): void {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd < 0) return;
    try {
      closeSync(fd);
    } catch {
      // The descriptor is gone either way.
    }
  }

  #fill(): number {
    let length = 0;
    for (;;) {
      const { bytes } = this.#scratch;
      const room = bytes.length - length;
      const count = readSync(this.#fd, bytes, length, room, length);
      length += count;
      if (count === 0 || (this.#oneGo && count < room)) return length;
      if (length < bytes.length) continue;
      if (length >= LARGEST_BYTES) throw new Error(`${this.path} is larger than ${LARGEST_BYTES} bytes`);
      grow(this.#scratch);
      // A file made in one go is made anew by the second read, and may not be the same any more.
      if (this.#oneGo) length = 0;
    }
  }
}
