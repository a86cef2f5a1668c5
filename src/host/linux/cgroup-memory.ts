import { ownFolders, type GroupFolder } from './cgroup-path.js';
import { unknown, type Reading, type Unknown } from '../../model/reading.js';
import { KeptFile, type Scratch } from './kept-file.js';
import { noFigures, usedPercent, type MemoryFigures } from './memory.js';
import type { MountinfoEntry } from './mountinfo.js';
import { NamedNumbers } from './named-numbers.js';

/** Files of the memory controller by cgroup version, and the lines of `memory.stat`. */
const FILES = {
  1: {
    limits: ['memory.limit_in_bytes'],
    usage: 'memory.usage_in_bytes',
    lines: ['total_inactive_file', 'total_active_file', 'total_slab_reclaimable'],
  },
  2: {
    limits: ['memory.max', 'memory.high'],
    usage: 'memory.current',
    lines: ['inactive_file', 'active_file', 'slab_reclaimable'],
  },
} as const;

interface MemoryGroup {
  readonly limit: KeptFile;
  readonly usage: KeptFile;
  readonly stat: KeptFile;
  readonly lines: NamedNumbers;
}

/**
 * Memory limits of the control group of this process and of its ancestors: the one at which the kernel kills, and the
 * one at which it throttles (`memory.high`). `discover` finds the groups that have a limit.
 */
export class CgroupMemory {
  #root: string;
  #scratch: Scratch;
  #limited: readonly MemoryGroup[] = [];
  #fullest = noFigures('cgroup');
  #trial = noFigures('cgroup');

  constructor(root: string, scratch: Scratch) {
    this.#root = root;
    this.#scratch = scratch;
  }

  /** Finds the groups that have a limit below `hostTotal` bytes. */
  discover(entries: readonly MountinfoEntry[], hostTotal: number): void {
    const before = this.#limited;
    const groups = ownFolders(entries, this.#root).flatMap((folder) =>
      FILES[folder.version].limits.map((name) => {
        const path = `${this.#root}${folder.path}/${name}`;
        return before.find(({ limit }) => limit.path === path) ?? this.#group(folder, path);
      }),
    );
    this.#limited = groups.filter(({ limit }) => isLimit(limit.text()?.integer() ?? -1, hostTotal));
    for (const group of [...before, ...groups]) if (!this.#limited.includes(group)) closeGroup(group);
  }

  /** Returns the figures of the fullest limited group, overwritten by each reading; `undefined` if there is none. */
  read(hostTotal: number): Reading<MemoryFigures> | undefined {
    let fullest = -1;
    for (const group of this.#limited) {
      const text = group.limit.text();
      if (!text) return failed(group.limit);
      const limit = text.integer();
      if (!isLimit(limit, hostTotal)) continue;
      const unread = this.#measure(group, limit);
      if (unread) return failed(unread);
      const percent = usedPercent(this.#trial);
      if (percent <= fullest) continue;
      fullest = percent;
      Object.assign(this.#fullest, this.#trial);
    }
    return fullest < 0 ? undefined : this.#fullest;
  }

  close(): void {
    this.#limited.forEach(closeGroup);
  }

  /** Measures the usage without page cache and reclaimable slab. Returns the file that could not be read. */
  #measure(group: MemoryGroup, limit: number): KeptFile | undefined {
    const usage = group.usage.text()?.integer() ?? -1;
    if (usage < 0) return group.usage;
    const text = group.stat.text();
    if (!text) return group.stat;
    const [inactive = -1, active = -1, slab = -1] = group.lines.parse(text);
    if (inactive < 0) {
      group.stat.reason = `${group.stat.path} has no line for inactive file pages`;
      return group.stat;
    }
    const cache = inactive + Math.max(0, active);
    const used = Math.max(0, usage - cache - Math.max(0, slab));
    this.#trial.total = limit;
    this.#trial.available = Math.max(0, limit - used);
    this.#trial.reclaimableSlab = slab;
    this.#trial.pageCache = cache;
    // All of the cache counts as available; ZFS does not charge its cache to a group.
    this.#trial.uncountedCache = 0;
    this.#trial.uncountedSlab = 0;
    return undefined;
  }

  #group({ path, version }: GroupFolder, limit: string): MemoryGroup {
    const { usage, lines } = FILES[version];
    const file = (whole: string) => new KeptFile(whole, this.#scratch, { oneGo: true });
    return {
      limit: file(limit),
      usage: file(`${this.#root}${path}/${usage}`),
      stat: new KeptFile(`${this.#root}${path}/memory.stat`, this.#scratch),
      lines: new NamedNumbers(lines),
    };
  }
}

const failed = (file: KeptFile): Unknown =>
  unknown(`the memory of the control group is unknown: ${file.reason || `${file.path} could not be parsed`}`);

/** Version 1 writes "no limit" as a number larger than any memory, version 2 as `max`. */
const isLimit = (bytes: number, hostTotal: number): boolean => bytes > 0 && bytes < hostTotal;

function closeGroup({ limit, usage, stat }: MemoryGroup): void {
  for (const file of [limit, usage, stat]) file.close();
}
