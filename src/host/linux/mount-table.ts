import { KeptFile, type Scratch } from './kept-file.js';
import { parseLines, type MountinfoEntry } from './mountinfo.js';

/** A reading is reused for this many times as long as it took … */
const REUSE_FACTOR = 20;
/** … and up to this size for at most a millisecond. */
const LARGE_BYTES = 16_384;

/**
 * The table of mounts, parsed only if its bytes have changed. The kernel signals changes by POLLPRI on the file, which
 * Node cannot wait for, and takes 1 to 3 µs per line to write it: readings in quick succession share one.
 */
export class MountTable {
  entries: readonly MountinfoEntry[] = [];
  /** Incremented when `entries` change. */
  version = 0;
  /** True if `/proc/stat` is the container's, by lxcfs, and `/proc/loadavg` is not. */
  isOverlaid = false;
  /** True if lxcfs provides both files; the load may still be the machine's, see `LoadScope`. */
  hasLxcfsLoad = false;
  /** Reason why there are no entries; empty if there are. */
  reason = 'the table of mounts has not been read yet';
  #file: KeptFile;
  #scratch: Scratch;
  #monotonic: () => number;
  #bytes: Buffer = Buffer.alloc(0);
  #lines: ReadonlyMap<string, MountinfoEntry> = new Map();
  #nextAt = -Infinity;

  constructor(root: string, scratch: Scratch, monotonic: () => number) {
    this.#scratch = scratch;
    this.#monotonic = monotonic;
    this.#file = new KeptFile(`${root}/proc/self/mountinfo`, scratch);
  }

  /** Reads the table unless the last reading can be reused at `now`. */
  follow(now: number): void {
    if (now >= this.#nextAt || this.reason !== '') this.refresh();
  }

  refresh(): void {
    const startedAt = this.#monotonic();
    const length = this.#file.read();
    if (length < 0) return this.#replace(Buffer.alloc(0), new Map(), this.#file.reason);
    const bytes = this.#scratch.bytes.subarray(0, length);
    const endedAt = this.#monotonic();
    const reuseMs = REUSE_FACTOR * (endedAt - startedAt);
    this.#nextAt = endedAt + (length > LARGE_BYTES ? reuseMs : Math.min(reuseMs, 1));
    if (this.reason === '' && this.#bytes.equals(bytes)) return;
    const lines = parseLines(bytes, this.#lines);
    const reason = lines.size > 0 ? '' : `${this.#file.path} could not be parsed`;
    this.#replace(Buffer.from(bytes), lines, reason);
  }

  close(): void {
    this.#file.close();
    this.#nextAt = -Infinity;
  }

  #replace(bytes: Buffer, lines: ReadonlyMap<string, MountinfoEntry>, reason: string): void {
    this.#bytes = bytes;
    this.#lines = lines;
    this.entries = [...lines.values()];
    this.reason = reason;
    const isMount = (path: string): boolean => this.entries.some(({ mountPoint }) => mountPoint === path);
    const load = this.entries.findLast(({ mountPoint }) => mountPoint === '/proc/loadavg');
    this.isOverlaid = isMount('/proc/stat') && load === undefined;
    this.hasLxcfsLoad = isMount('/proc/stat') && load?.fsType === 'fuse.lxcfs';
    this.version++;
  }
}
