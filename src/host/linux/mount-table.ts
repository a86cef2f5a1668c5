import { KeptFile } from './kept-file.js';
import { parseLines, type MountinfoEntry } from './mountinfo.js';
import type { Scratch } from './scratch.js';

/** A large table is used for so many times as long as its reading took: looks that follow each other share it. */
const REST = 20;
/** Up to this size it is used for a millisecond at most, so that what was mounted meanwhile is seen. */
const LARGE_BYTES = 16_384;

/**
 * The table of mounts, read at each look, and parsed where its bytes have changed. The kernel signals changes by
 * POLLPRI on this file, which Node cannot wait for; each line costs it 1 to 3 µs. So looks within a
 * millisecond share one reading, and so do looks at many thousand mounts that follow each other closely.
 */
export class MountTable {
  entries: readonly MountinfoEntry[] = [];
  /** Grows by one whenever `entries` are others than before. */
  version = 0;
  /** Whether the CPUs are those of a container and the load is not: lxcfs mounts files over some of `/proc` only. */
  isOverlaid = false;
  /** Whether the CPUs are those of a container, and lxcfs shows the load: that of the container only on request. */
  hasLxcfsLoad = false;
  /** Why there are no entries; empty when there are. */
  reason = 'the table of mounts was not read yet';
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

  /** Reads the table again, unless it was read just before `now`. */
  follow(now: number): void {
    if (now >= this.#nextAt || this.reason !== '') this.refresh();
  }

  /** Reads the table again. */
  refresh(): void {
    const began = this.#monotonic();
    const length = this.#file.read();
    if (length < 0) return this.#replace(Buffer.alloc(0), new Map(), this.#file.reason);
    const bytes = this.#scratch.bytes.subarray(0, length);
    const ended = this.#monotonic();
    const rest = REST * (ended - began);
    this.#nextAt = ended + (length > LARGE_BYTES ? rest : Math.min(rest, 1));
    if (this.reason === '' && this.#bytes.equals(bytes)) return;
    const lines = parseLines(bytes, length, this.#lines);
    const reason = lines.size > 0 ? '' : `${this.#file.path} was not understood`;
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
