import { ownFolders, type GroupFolder } from './cgroup-path.js';
import { Digits } from './digits.js';
import { KeptFile } from './kept-file.js';
import { noFigures, usedPercent } from './memory.js';
import type { MountinfoEntry } from './mountinfo.js';
import { NamedNumbers } from './named-numbers.js';
import type { Scratch } from './scratch.js';

/** The files of a version's memory controller; the lines of its statistics, in the order they are used. */
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

/** What a number is when its file could not be read. */
const FAILED = -2;

interface LimitedGroup {
  readonly limit: KeptFile;
  readonly usage: KeptFile;
  readonly stat: KeptFile;
  readonly lines: NamedNumbers;
}

/**
 * The memory limits of the control group that the process lives in, and of the groups above it: the one at which the
 * kernel kills, and the one at which it slows down (`memory.high`). Which of them have a limit is looked up by `discover`; only those are read by `read`, anew each time.
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
    const limits = ownFolders(entries, this.#root).flatMap((folder) =>
      FILES[folder.version].limits.map((name) => ({ folder, name })),
    );
    for (const { folder, name } of limits) {
      const path = `${this.#root}${folder.path}/${name}`;
      const known = before.find(({ limit }) => limit.path === path);
      const group = known ?? this.#group(folder, path);
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

  /** Use without what the group gives up when it needs memory: its page cache, and its reclaimable slab. */
  #measure(group: LimitedGroup, limit: number): KeptFile | undefined {
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
    // All of it counts as available; ZFS charges its own to no group.
    this.#trial.uncountedCache = 0;
    this.#trial.uncountedSlab = 0;
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

  #group({ path, version }: GroupFolder, limit: string): LimitedGroup {
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

function closeGroup(group: LimitedGroup): void {
  group.limit.close();
  group.usage.close();
  group.stat.close();
}
