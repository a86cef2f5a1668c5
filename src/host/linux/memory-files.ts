import { unknown, type Reading } from '../../model/reading.js';
import { createArcstats, evictableArc } from './arc.js';
import { CgroupMemory } from './cgroup.js';
import { Digits } from './digits.js';
import { KeptFile } from './kept-file.js';
import {
  createMeminfo,
  estimateAvailable,
  hostCaches,
  hostUse,
  isDoubtful,
  lowWatermark,
  noFigures,
  tellsHuge,
  USE_LINES,
  usedPercent,
  type MemoryFigures,
} from './memory.js';
import type { MountTable } from './mount-table.js';
import type { Scratch } from './scratch.js';

/** Reads the memory of the host and of the control groups around this process. */
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
  /** Settings of the kernel, in KiB; read again when the host is looked up anew. */
  #lowKib: number | undefined;
  #hasArc = true;
  /** Whether the kernel has a line for huge pages. */
  #tellsHuge = true;

  constructor(root: string, scratch: Scratch) {
    this.#scratch = scratch;
    this.#meminfo = new KeptFile(`${root}/proc/meminfo`, scratch, { oneGo: true });
    this.#arcstats = new KeptFile(`${root}/proc/spl/kstat/zfs/arcstats`, scratch);
    this.#minFree = new KeptFile(`${root}/proc/sys/vm/min_free_kbytes`, scratch);
    this.#scale = new KeptFile(`${root}/proc/sys/vm/watermark_scale_factor`, scratch);
    this.#cgroup = new CgroupMemory(root, scratch);
  }

  /**
   * Makes the next `read` look up anew which control groups have a limit, and whether there is ZFS. Its cache is counted
   * only where `/proc/meminfo` is the host's own: lxcfs mounts another over it, of the container alone.
   */
  lookAgain(table: MountTable): void {
    this.#looked = false;
    this.#hasArc = !table.entries.some(({ mountPoint }) => mountPoint === '/proc/meminfo');
    this.#tellsHuge = true;
    this.#lowKib = undefined;
  }

  /**
   * Reads how full memory is and, with `caches`, what can be freed of it; the next `read` overwrites it. `table` tells
   * where the control groups are mounted.
   */
  read(table: MountTable, caches: boolean): Reading<MemoryFigures> {
    const failed = this.#readHost(caches);
    if (failed) return unknown(`memory is not known: ${failed}`);
    const host = this.#host;
    let limits = this.#readGroups(table);
    if (limits === 'failed') {
      // The process was moved, or its group is gone: look once more before giving up.
      this.#looked = false;
      limits = this.#readGroups(table);
    }
    if (limits === 'failed') {
      this.#looked = false;
      return unknown(`the memory of the control group is not known: ${this.#cgroup.reason}`);
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
    const needed = this.#tellsHuge ? USE_LINES : USE_LINES - 1;
    let lines = this.#meminfoLines.parse(this.#scratch.bytes, length, caches ? undefined : needed);
    const host = this.#host;
    this.#tellsHuge &&= tellsHuge(lines);
    if (!hostUse(lines, host)) return `${this.#meminfo.path} was not understood`;
    if (isDoubtful(host)) {
      lines = this.#meminfoLines.parse(this.#scratch.bytes, length);
      host.available = Math.max(
        host.available,
        estimateAvailable(lines, this.#readSetting(this.#minFree), host.total),
      );
    }
    if (host.available < 0)
      return 'what this kernel tells of available memory is missing or impossible, and there is nothing to compute it from';
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
    // They are read once in a long while: a descriptor each is not kept for that.
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
