import { unknown, type Reading } from '../../model/reading.js';
import { CgroupMemory } from './cgroup-memory.js';
import { Digits } from './digits.js';
import { KeptFile, type Scratch } from './kept-file.js';
import {
  createMeminfo,
  estimateAvailable,
  hostCaches,
  hostUse,
  isDoubtful,
  lowWatermark,
  noFigures,
  listsHugePages,
  USE_LINES,
  usedPercent,
  type MemoryFigures,
} from './memory.js';
import type { MountTable } from './mount-table.js';
import { NamedNumbers } from './named-numbers.js';

/** Reads the memory of the host and of the control groups of this process. */
export class MemoryFiles {
  #scratch: Scratch;
  #meminfo: KeptFile;
  #arcstats: KeptFile;
  #minFree: KeptFile;
  #scale: KeptFile;
  #cgroup: CgroupMemory;
  #meminfoLines = createMeminfo();
  #arcLines = createArcstats();
  #digits = new Digits();
  #host = noFigures('host');
  #looked = false;
  /** Low watermark of the kernel, in KiB. `undefined`: not read since the last `rediscover`. */
  #lowKib: number | undefined;
  #hasArc = true;
  #listsHugePages = true;

  constructor(root: string, scratch: Scratch) {
    this.#scratch = scratch;
    this.#meminfo = new KeptFile(`${root}/proc/meminfo`, scratch, { oneGo: true });
    this.#arcstats = new KeptFile(`${root}/proc/spl/kstat/zfs/arcstats`, scratch);
    this.#minFree = new KeptFile(`${root}/proc/sys/vm/min_free_kbytes`, scratch);
    this.#scale = new KeptFile(`${root}/proc/sys/vm/watermark_scale_factor`, scratch);
    this.#cgroup = new CgroupMemory(root, scratch);
  }

  /**
   * Makes the next `read` look up again which control groups have a limit, and whether ZFS is in use. The ZFS cache
   * counts only if `/proc/meminfo` is the host's: lxcfs mounts a file over it that covers the container alone.
   */
  rediscover(table: MountTable): void {
    this.#looked = false;
    this.#hasArc = !table.entries.some(({ mountPoint }) => mountPoint === '/proc/meminfo');
    this.#listsHugePages = true;
    this.#lowKib = undefined;
  }

  /**
   * Reads the memory usage and, with `caches`, what can be freed. The next `read` overwrites the result. `table` lists
   * where the control groups are mounted.
   */
  read(table: MountTable, caches: boolean): Reading<MemoryFigures> {
    const failed = this.#readHost(caches);
    if (failed) return unknown(`memory is unknown: ${failed}`);
    const host = this.#host;
    let limits = this.#readGroups(table);
    if (limits === 'failed') {
      // The process may have been moved to another group: retry once.
      this.#looked = false;
      limits = this.#readGroups(table);
    }
    if (limits === 'failed') {
      this.#looked = false;
      return unknown(`the memory of the control group is unknown: ${this.#cgroup.reason}`);
    }
    const group = this.#cgroup.figures;
    return limits === 'limited' && usedPercent(group) > usedPercent(host) ? group : host;
  }

  close(): void {
    for (const file of [this.#meminfo, this.#arcstats, this.#minFree, this.#scale, this.#cgroup])
      file.close();
    this.#looked = false;
  }

  #readHost(caches: boolean): string | undefined {
    const length = this.#meminfo.read();
    if (length < 0) return this.#meminfo.reason;
    const needed = this.#listsHugePages ? USE_LINES : USE_LINES - 1;
    let lines = this.#meminfoLines.parse(this.#scratch.bytes, length, caches ? undefined : needed);
    const host = this.#host;
    this.#listsHugePages &&= listsHugePages(lines);
    if (!hostUse(lines, host)) return `${this.#meminfo.path} could not be parsed`;
    if (isDoubtful(host)) {
      lines = this.#meminfoLines.parse(this.#scratch.bytes, length);
      host.available = Math.max(
        host.available,
        estimateAvailable(lines, this.#readSetting(this.#minFree), host.total),
      );
    }
    if (host.available < 0)
      return 'the kernel reports no valid available memory, and it cannot be computed from other figures';
    if (caches) hostCaches(lines, (this.#lowKib ??= this.#readLow()), host);
    host.arc = this.#readArc();
    host.available = Math.min(host.total, host.available + host.arc);
    return undefined;
  }

  #readGroups(table: MountTable): ReturnType<CgroupMemory['read']> {
    if (!this.#looked) this.#cgroup.discover(table.entries, this.#host.total);
    this.#looked = true;
    return this.#cgroup.read(this.#host.total);
  }

  #readLow(): number {
    const smallest = this.#readSetting(this.#minFree);
    const scale = this.#readSetting(this.#scale);
    // Read too rarely to keep the descriptors open.
    this.#minFree.close();
    this.#scale.close();
    return lowWatermark(smallest, scale, this.#host.total);
  }

  #readSetting(file: KeptFile): number {
    const length = file.read();
    return length < 0 ? -1 : this.#digits.over(this.#scratch.bytes, length).integer();
  }

  #readArc(): number {
    if (!this.#hasArc) return 0;
    const length = this.#arcstats.read();
    this.#hasArc = length >= 0;
    return length < 0 ? 0 : evictableArc(this.#arcLines.parse(this.#scratch.bytes, length));
  }
}

/** The evictable parts of the cache. */
const EVICTABLE = [
  'mru_evictable_data',
  'mru_evictable_metadata',
  'mfu_evictable_data',
  'mfu_evictable_metadata',
];

/** Creates a parser for `/proc/spl/kstat/zfs/arcstats`, whose lines are name, type, number. */
const createArcstats = (): NamedNumbers => new NamedNumbers(['size', 'c_min', ...EVICTABLE], 2);

/**
 * Returns the bytes that ZFS frees when programs need memory: the cache down to its minimum size, and at most its
 * evictable parts where these are listed. `MemAvailable` does not include it. 0 if the lines are missing.
 */
function evictableArc(lines: Float64Array): number {
  const size = lines[0]!;
  const smallest = lines[1]!;
  if (size < 0 || smallest < 0) return 0;
  const parts = lines.subarray(2);
  const evictable = parts.every((part) => part >= 0) ? parts.reduce((sum, part) => sum + part, 0) : Infinity;
  return Math.max(0, Math.min(size - smallest, evictable));
}
