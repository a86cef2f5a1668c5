import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import { CgroupMemory } from './cgroup-memory.js';
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
  #meminfo: KeptFile;
  #arcstats: KeptFile;
  #minFree: KeptFile;
  #scale: KeptFile;
  #cgroup: CgroupMemory;
  #meminfoLines = createMeminfo();
  #arcLines = createArcstats();
  #host = noFigures('host');
  #looked = false;
  /** Low watermark of the kernel, in KiB. `undefined`: not read since the last `rediscover`. */
  #lowKib: number | undefined;
  #hasArc = true;
  #listsHugePages = true;

  constructor(root: string, scratch: Scratch) {
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
    // If it fails, the process may have been moved to another group: retry once.
    let group = this.#readGroups(table);
    if (isUnknown(group)) group = this.#readGroups(table);
    if (isUnknown(group)) return group;
    return group && usedPercent(group) > usedPercent(host) ? group : host;
  }

  close(): void {
    for (const file of [this.#meminfo, this.#arcstats, this.#minFree, this.#scale, this.#cgroup])
      file.close();
    this.#looked = false;
  }

  #readHost(caches: boolean): string | undefined {
    const text = this.#meminfo.text();
    if (!text) return this.#meminfo.reason;
    const needed = this.#listsHugePages ? USE_LINES : USE_LINES - 1;
    let lines = this.#meminfoLines.parse(text, caches ? undefined : needed);
    const host = this.#host;
    this.#listsHugePages &&= listsHugePages(lines);
    if (!hostUse(lines, host)) return `${this.#meminfo.path} could not be parsed`;
    if (isDoubtful(host)) {
      lines = this.#meminfoLines.parse(text);
      host.available = Math.max(
        host.available,
        estimateAvailable(lines, settingIn(this.#minFree), host.total),
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
    const group = this.#cgroup.read(this.#host.total);
    this.#looked = !isUnknown(group);
    return group;
  }

  #readLow(): number {
    const smallest = settingIn(this.#minFree);
    const scale = settingIn(this.#scale);
    // Read too rarely to keep the descriptors open.
    this.#minFree.close();
    this.#scale.close();
    return lowWatermark(smallest, scale, this.#host.total);
  }

  #readArc(): number {
    if (!this.#hasArc) return 0;
    const text = this.#arcstats.text();
    this.#hasArc = text !== undefined;
    return text ? evictableArc(this.#arcLines.parse(text)) : 0;
  }
}

const settingIn = (file: KeptFile): number => file.text()?.integer() ?? -1;

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
