import { ownFolders, v1UsageFolder, type GroupFolder } from './cgroup-path.js';
import { isUnknown, unknown, type Reading, type Writable } from '../../model/reading.js';
import type { CpuReading } from '../../model/snapshot.js';
import { CPU_WINDOW_MS } from './cpu.js';
import { Digits } from './digits.js';
import { KeptFile, type Scratch } from './kept-file.js';
import type { MountinfoEntry } from './mountinfo.js';
import { NamedNumbers } from './named-numbers.js';
import { percentOf } from './percent.js';

const FAILED = -2;
const UNLIMITED = -1;

/** Files of a control group that has a CPU limit. */
interface CpuGroup {
  /** `cpu.max`; in version 1 the quota, with the period in a separate file. */
  readonly quota: KeptFile;
  readonly period: KeptFile | undefined;
  readonly usage: KeptFile;
  /** Parser of `cpu.stat`; version 1 has a single number, in nanoseconds. */
  readonly lines: NamedNumbers | undefined;
  readonly window: UsageWindow;
}

/** CPU limits of the control group of this process and of its ancestors. `discover` finds those that have a limit. */
export class CgroupCpu {
  /** Usage of the group nearest to its limit, in percent of that limit. */
  #percent = 0;
  /** Number of CPUs that the limit allows; may be below 1. */
  #limitCpus = 0;
  #reason = '';
  #root: string;
  #scratch: Scratch;
  #digits = new Digits();
  #limited: readonly CpuGroup[] = [];

  constructor(root: string, scratch: Scratch) {
    this.#root = root;
    this.#scratch = scratch;
  }

  /** Finds the groups that are limited to fewer than `cpus` CPUs. */
  discover(entries: readonly MountinfoEntry[], cpus: number): void {
    const before = this.#limited;
    this.#limited = ownFolders(entries, this.#root, 'cpu').flatMap((folder) => {
      const { path, version } = folder;
      const quota = `${this.#root}${path}/${version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us'}`;
      const known = before.find((group) => group.quota.path === quota);
      const group = known ?? this.#group(folder, quota, entries);
      const limit = this.#limitOf(group);
      if (limit > 0 && limit < cpus) return [group];
      closeCpuGroup(group);
      return [];
    });
    for (const group of before) if (!this.#limited.includes(group)) closeCpuGroup(group);
  }

  /** Reads the limited groups at `now`, in monotonic milliseconds. `unlimited` also until there are two readings. */
  #read(now: number, cpus: number): 'limited' | 'unlimited' | 'failed' {
    let fullest = -1;
    for (const group of this.#limited) {
      const limit = this.#limitOf(group);
      const used = this.#usedOf(group);
      if (limit === FAILED || used < 0) return this.#fail(limit === FAILED ? group.quota : group.usage);
      const elapsed = group.window.take(now, used);
      const spent = group.window.spentMs;
      // Skips a counter that went back or grew faster than all CPUs together could.
      if (elapsed <= 0 || spent < 0 || spent > (2 * elapsed + CPU_WINDOW_MS) * Math.max(1, cpus)) continue;
      if (!(limit > 0 && limit < cpus)) continue;
      const percent = percentOf(spent, elapsed * limit);
      if (percent <= fullest) continue;
      fullest = percent;
      this.#limitCpus = limit;
    }
    this.#percent = Math.max(0, fullest);
    return fullest < 0 ? 'unlimited' : 'limited';
  }

  /**
   * Returns the host's reading, or, in `into`, that of a group with a higher usage. Unknown if the usage of a limited
   * group cannot be read.
   */
  worse(host: Reading<CpuReading>, now: number, into: Writable<CpuReading>): Reading<CpuReading> {
    if (this.#limited.length === 0) return host;
    const state = this.#read(now, isUnknown(host) ? Infinity : host.cpus);
    if (isUnknown(host)) return host;
    if (state === 'failed') return unknown(`the CPU usage of the control group is unknown: ${this.#reason}`);
    if (state === 'unlimited' || this.#percent <= host.percent) return host;
    into.cpus = host.cpus;
    into.percent = this.#percent;
    into.stealPercent = undefined;
    into.limitCpus = this.#limitCpus;
    return into;
  }

  close(): void {
    this.#limited.forEach(closeCpuGroup);
    this.#limited = [];
  }

  #fail(file: KeptFile): 'failed' {
    this.#reason = file.reason || `${file.path} could not be parsed`;
    return 'failed';
  }

  /** Number of CPUs that a group may use; UNLIMITED, or FAILED if that cannot be read. */
  #limitOf({ quota, period }: CpuGroup): number {
    const length = quota.read();
    if (length < 0) return FAILED;
    const digits = this.#digits.over(this.#scratch.bytes, length);
    const allowed = digits.integer();
    // `max`, or −1 in version 1.
    if (allowed < 0) return UNLIMITED;
    let per = period ? -1 : digits.integer();
    if (period) {
      const size = period.read();
      per = size < 0 ? -1 : this.#digits.over(this.#scratch.bytes, size).integer();
    }
    return per > 0 ? allowed / per : FAILED;
  }

  /** Milliseconds of CPU time that a group has used; FAILED if that cannot be read. */
  #usedOf({ usage, lines }: CpuGroup): number {
    const length = usage.read();
    if (length < 0) return FAILED;
    if (lines) {
      const micro = lines.parse(this.#scratch.bytes, length)[0]!;
      return micro < 0 ? FAILED : micro / 1e3;
    }
    const nano = this.#digits.over(this.#scratch.bytes, length).integer();
    return nano < 0 ? FAILED : nano / 1e6;
  }

  #group({ path, version }: GroupFolder, quota: string, entries: readonly MountinfoEntry[]): CpuGroup {
    const file = (whole: string): KeptFile => new KeptFile(whole, this.#scratch, { oneGo: true });
    const counts = version === 2 ? `${path}/cpu.stat` : `${v1UsageFolder(entries, path)}/cpuacct.usage`;
    const usage = `${this.#root}${counts}`;
    return {
      quota: file(quota),
      period: version === 2 ? undefined : file(`${this.#root}${path}/cpu.cfs_period_us`),
      usage: file(usage),
      lines: version === 2 ? new NamedNumbers(['usage_usec']) : undefined,
      window: new UsageWindow(),
    };
  }
}

/** CPU time used between two readings that are at least 100 ms apart. */
class UsageWindow {
  /** Milliseconds of CPU time; valid after `take` returned more than 0. */
  spentMs = 0;
  #last = 0;
  #lastAt = -Infinity;
  #older = 0;
  #olderAt = -Infinity;

  /** Returns the milliseconds between the two readings; 0 until there are two. */
  take(now: number, used: number): number {
    const far = now - this.#lastAt >= CPU_WINDOW_MS;
    const at = far ? this.#lastAt : this.#olderAt;
    this.spentMs = used - (far ? this.#last : this.#older);
    if (far) {
      this.#older = this.#last;
      this.#olderAt = this.#lastAt;
      this.#last = used;
      this.#lastAt = now;
    }
    return at === -Infinity ? 0 : now - at;
  }
}

function closeCpuGroup({ quota, period, usage }: CpuGroup): void {
  quota.close();
  period?.close();
  usage.close();
}
