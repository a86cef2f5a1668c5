import { readFileSync } from 'node:fs';
import { groupFolders, parseOwnGroups, type GroupFolder } from './cgroup-path.js';
import { Digits } from './digits.js';
import { KeptFile } from './kept-file.js';
import { noFigures, usedPercent } from './memory.js';
import type { MountinfoEntry } from './mountinfo.js';
import { NamedNumbers } from './named-numbers.js';
import type { Scratch } from './scratch.js';

/** The files of a version's memory controller; the lines of its statistics, in the order they are used. */
const FILES = {
  1: {
    limit: 'memory.limit_in_bytes',
    usage: 'memory.usage_in_bytes',
    lines: ['total_inactive_file', 'total_cache', 'total_shmem', 'total_slab_reclaimable'],
  },
  2: {
    limit: 'memory.max',
    usage: 'memory.current',
    lines: ['inactive_file', 'file', 'shmem', 'slab_reclaimable'],
  },
} as const;

const INACTIVE = 0;
const CACHE = 1;
const SHARED = 2;
const SLAB = 3;

/** What a number is when its file could not be read. */
const FAILED = -2;

interface LimitedGroup {
  readonly folder: GroupFolder;
  readonly limit: KeptFile;
  readonly usage: KeptFile;
  readonly stat: KeptFile;
  readonly lines: NamedNumbers;
}

/**
 * The memory limits of the control group that the process lives in, and of the groups above it. Which of them
 * have a limit is looked up by `discover`; only those are read by `read`, anew each time.
 */
export class CgroupMemory {
  /** The fullest group, after `read` gave `limited`. */
  readonly figures = noFigures('cgroup');
  /** Why `read` gave `failed`. */
  reason = '';
  #root: string;
  #scratch: Scratch;
  #digits = new Digits();
  #limited: LimitedGroup[] = [];
  #trial = noFigures('cgroup');

  constructor(root: string, scratch: Scratch) {
    this.#root = root;
    this.#scratch = scratch;
  }

  /** Looks up which groups have a limit below `hostTotal` bytes. Without control groups there is none. */
  discover(entries: readonly MountinfoEntry[], hostTotal: number): void {
    const before = this.#limited;
    this.#limited = [];
    for (const folder of this.#folders(entries)) {
      const known = before.find((group) => group.folder.path === folder.path);
      const group = known ?? this.#group(folder);
      if (isLimit(this.#number(group.limit), hostTotal)) this.#limited.push(group);
      else closeGroup(group);
    }
    for (const group of before) if (!this.#limited.includes(group)) closeGroup(group);
  }

  /** Reads the limited groups and keeps the fullest in `figures`. */
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
    this.#limited.forEach(closeGroup);
  }

  /** Use without the file cache that goes first, as container runtimes count it. */
  #measure(group: LimitedGroup, limit: number): KeptFile | undefined {
    const usage = this.#number(group.usage);
    if (usage < 0) return group.usage;
    const length = group.stat.read();
    if (length < 0) return group.stat;
    const lines = group.lines.parse(this.#scratch.bytes, length);
    const inactive = lines[INACTIVE]!;
    const cache = lines[CACHE]!;
    const shared = lines[SHARED]!;
    if (inactive < 0) {
      group.stat.reason = `${group.stat.path} has no line for inactive file pages`;
      return group.stat;
    }
    this.#trial.total = limit;
    this.#trial.available = Math.min(limit, Math.max(0, limit - Math.max(0, usage - inactive)));
    this.#trial.reclaimableSlab = lines[SLAB]!;
    this.#trial.pageCache = cache < 0 || shared < 0 ? -1 : Math.max(0, cache - shared);
    // Of its cache the inactive part alone counts as available; ZFS charges its own to no group.
    this.#trial.uncountedCache =
      this.#trial.pageCache < 0 ? -1 : Math.max(0, this.#trial.pageCache - inactive);
    this.#trial.uncountedSlab = lines[SLAB]!;
    return undefined;
  }

  #fail(file: KeptFile): 'failed' {
    this.reason = file.reason || `${file.path} was not understood`;
    return 'failed';
  }

  /** −1: no number (`max`); FAILED: could not be read. */
  #number(file: KeptFile): number {
    const length = file.read();
    return length < 0 ? FAILED : this.#digits.over(this.#scratch.bytes, length).integer();
  }

  #folders(entries: readonly MountinfoEntry[]): GroupFolder[] {
    try {
      return groupFolders(entries, parseOwnGroups(readFileSync(`${this.#root}/proc/self/cgroup`, 'utf8')));
    } catch {
      return [];
    }
  }

  #group(folder: GroupFolder): LimitedGroup {
    const { limit, usage, lines } = FILES[folder.version];
    const file = (name: string) =>
      new KeptFile(`${this.#root}${folder.path}/${name}`, this.#scratch, { oneGo: true });
    return {
      folder,
      limit: file(limit),
      usage: file(usage),
      stat: file('memory.stat'),
      lines: new NamedNumbers(lines),
    };
  }
}

/** Version 1 writes "no limit" as a number larger than any memory. */
const isLimit = (bytes: number, hostTotal: number): boolean => bytes > 0 && bytes < hostTotal;

function closeGroup(group: LimitedGroup): void {
  group.limit.close();
  group.usage.close();
  group.stat.close();
}
