import { KeptFile } from './kept-file.js';
import { parseMountinfo, type MountinfoEntry } from './mountinfo.js';
import type { Scratch } from './scratch.js';

/**
 * The table of mounts, read again every so often and parsed only when its bytes have changed: 1,000 lines
 * cost the kernel a millisecond each time. The kernel tells of changes by POLLPRI on this file, which Node
 * cannot wait for; so a new mount is seen at the next `refresh`, and one that went away when `statfs` fails.
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
  #bytes: Buffer = Buffer.alloc(0);

  constructor(root: string, scratch: Scratch) {
    this.#scratch = scratch;
    this.#file = new KeptFile(`${root}/proc/self/mountinfo`, scratch);
  }

  /** Reads the table again. */
  refresh(): void {
    const length = this.#file.read();
    if (length < 0) return this.#replace(Buffer.alloc(0), [], this.#file.reason);
    const bytes = this.#scratch.bytes.subarray(0, length);
    if (this.reason === '' && this.#bytes.equals(bytes)) return;
    const entries = parseMountinfo(bytes, length);
    const reason = entries.length > 0 ? '' : `${this.#file.path} was not understood`;
    this.#replace(Buffer.from(bytes), entries, reason);
  }

  close(): void {
    this.#file.close();
  }

  #replace(bytes: Buffer, entries: readonly MountinfoEntry[], reason: string): void {
    this.#bytes = bytes;
    this.entries = entries;
    this.reason = reason;
    const isMount = (path: string): boolean => entries.some(({ mountPoint }) => mountPoint === path);
    const load = entries.findLast(({ mountPoint }) => mountPoint === '/proc/loadavg');
    this.isOverlaid = isMount('/proc/stat') && load === undefined;
    this.hasLxcfsLoad = isMount('/proc/stat') && load?.fsType === 'fuse.lxcfs';
    this.version++;
  }
}
