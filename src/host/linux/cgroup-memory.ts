import { ownFolders, type GroupFolder } from './cgroup-path.js';
import { Digits } from './digits.js';
import { KeptFile, type Scratch } from './kept-file.js';
import { noFigures, usedPercent } from './memory.js';
import type { MountinfoEntry } from './mountinfo.js';
import { NamedNumbers } from './named-numbers.js';

/** Files of the memory controller by cgroup version, and the lines of `memory.stat` in the order of the indexes below. */
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

const INACTIVE = 0;
const ACTIVE = 1;
const SLAB = 2;

/** Returned by `#number` if the file cannot be read. */
const FAILED = -2;

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
  /** Figures of the fullest group; valid after `read` returned `limited`. */
  readonly figures = noFigures('cgroup');
  /** Reason why `read` returned `failed`. */
  reason = '';
  #root: string;
  #scratch: Scratch;
  #digits = new Digits();
  #limited: MemoryGroup[] = [];
  #trial = noFigures('cgroup');

  constructor(root: string, scratch: Scratch) {
    this.#root = root;
    this.#scratch = scratch;
  }

  /** Finds the groups that have a limit below `hostTotal` bytes. */
  discover(entries: readonly MountinfoEntry[], hostTotal: number): void {
    const before = this.#limited;
    this.#limited = [];
    const limits = ownFolders(entries, this.#root).flatMap((folder) =>
      FILES[folder.version].limits.map((name) => ({ folder, name })),
    );
    for (const { folder, name } of limits) {
      const path = `${this.#root}${folder.path}/${name}`;
      const known = before.find(({ limit }) => limit.path === path);
      const group = known ?? this.#group(folder, path);
      if (isLimit(this.#number(group.limit), hostTotal)) this.#limited.push(group);
      else closeMemoryGroup(group);
    }
    for (const group of before) if (!this.#limited.includes(group)) closeMemoryGroup(group);
  }

  /** Reads the limited groups and stores the fullest in `figures`. */
  read(hostTotal: number): 'limited' | 'unlimited' | 'failed' {
    let fullest = -1;
    for (const group of this.#limited) {
      const limit = this.#number(group.limit);
      if (limit === FAILED) return this.#fail(group.limit);
      if (!isLimit(limit, hostTotal)) continue;
      const failed = this.#measure(group, limit);
      if (failed) return this.#fail(failed);
      const percent = usedPercent(this.#trial);
      if (percent <= fullest) continue;
      fullest = percent;
      Object.assign(this.figures, this.#trial);
    }
    return fullest < 0 ? 'unlimited' : 'limited';
  }

  close(): void {
    this.#limited.forEach(closeMemoryGroup);
  }

  /** Measures the usage without page cache and reclaimable slab. Returns the file that could not be read. */
  #measure(group: MemoryGroup, limit: number): KeptFile | undefined {
    const usage = this.#number(group.usage);
    if (usage < 0) return group.usage;
    const length = group.stat.read();
    if (length < 0) return group.stat;
    const lines = group.lines.parse(this.#scratch.bytes, length);
    const inactive = lines[INACTIVE]!;
    if (inactive < 0) {
      group.stat.reason = `${group.stat.path} has no line for inactive file pages`;
      return group.stat;
    }
    const cache = inactive + Math.max(0, lines[ACTIVE]!);
    const used = Math.max(0, usage - cache - Math.max(0, lines[SLAB]!));
    this.#trial.total = limit;
    this.#trial.available = Math.max(0, limit - used);
    this.#trial.reclaimableSlab = lines[SLAB]!;
    this.#trial.pageCache = cache;
    // All of the cache counts as available; ZFS does not charge its cache to a group.
    this.#trial.uncountedCache = 0;
    this.#trial.uncountedSlab = 0;
    return undefined;
  }

  #fail(file: KeptFile): 'failed' {
    this.reason = file.reason || `${file.path} could not be parsed`;
    return 'failed';
  }

  /** Returns −1 for no number (`max`), FAILED if the file cannot be read. */
  #number(file: KeptFile): number {
    const length = file.read();
    return length < 0 ? FAILED : this.#digits.over(this.#scratch.bytes, length).integer();
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

/** Version 1 writes "no limit" as a number larger than any memory. */
const isLimit = (bytes: number, hostTotal: number): boolean => bytes > 0 && bytes < hostTotal;

function closeMemoryGroup(group: MemoryGroup): void {
  group.limit.close();
  group.usage.close();
  group.stat.close();
}
