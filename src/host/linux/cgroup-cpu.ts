import { ownFolders, v1UsageFolder, type GroupFolder } from './cgroup-path.js';
import { isUnknown, unknown, type Reading, type Writable } from '../../model/reading.js';
import type { CpuReading } from '../../model/snapshot.js';
import { CPU_WINDOW_MS } from './cpu.js';
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
  #root: string;
  #scratch: Scratch;
  #limited: readonly CpuGroup[] = [];

  constructor(root: string, scratch: Scratch) {
    this.#root = root;
    this.#scratch = scratch;
  }

  /** Finds the groups that are limited to fewer than `cpus` CPUs. */
  discover(entries: readonly MountinfoEntry[], cpus: number): void {
    const before = this.#limited;
    const groups = ownFolders(entries, this.#root, 'cpu').map((folder) => {
      const { path, version } = folder;
      const quota = `${this.#root}${path}/${version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us'}`;
      return before.find((group) => group.quota.path === quota) ?? this.#group(folder, quota, entries);
    });
    this.#limited = groups.filter((group) => isLimit(limitOf(group), cpus));
    for (const group of [...before, ...groups]) if (!this.#limited.includes(group)) closeGroup(group);
  }

  /**
   * Returns the host's reading, or, in `into`, that of the group nearest to its limit, if that is nearer. Unknown if the
   * usage of a limited group cannot be read. `now` in monotonic milliseconds.
   */
  worse(host: Reading<CpuReading>, now: number, into: Writable<CpuReading>): Reading<CpuReading> {
    const cpus = isUnknown(host) ? Infinity : host.cpus;
    let [fullest, limitCpus] = [-1, 0];
    for (const group of this.#limited) {
      const limit = limitOf(group);
      const used = usedOf(group);
      if (limit === FAILED || used < 0) {
        const { reason, path } = limit === FAILED ? group.quota : group.usage;
        const why = reason || `${path} could not be parsed`;
        return isUnknown(host) ? host : unknown(`the CPU usage of the control group is unknown: ${why}`);
      }
      const elapsed = group.window.take(now, used);
      const spent = group.window.spentMs;
      // Skips a counter that went back or grew faster than all CPUs together could.
      if (elapsed <= 0 || spent < 0 || spent > (2 * elapsed + CPU_WINDOW_MS) * Math.max(1, cpus)) continue;
      if (!isLimit(limit, cpus)) continue;
      const percent = percentOf(spent, elapsed * limit);
      if (percent <= fullest) continue;
      fullest = percent;
      limitCpus = limit;
    }
    // `into` may be the host's reading.
    if (isUnknown(host) || fullest <= host.percent) return host;
    into.cpus = host.cpus;
    into.percent = fullest;
    into.stealPercent = undefined;
    into.limitCpus = limitCpus;
    return into;
  }

  close(): void {
    this.#limited.forEach(closeGroup);
    this.#limited = [];
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

/** Returns the number of CPUs that a group may use, possibly below 1; UNLIMITED, or FAILED if that cannot be read. */
function limitOf({ quota, period }: CpuGroup): number {
  const text = quota.text();
  if (!text) return FAILED;
  const allowed = text.integer();
  // `max`, or −1 in version 1.
  if (allowed < 0) return UNLIMITED;
  const per = (period ? period.text() : text)?.integer() ?? -1;
  return per > 0 ? allowed / per : FAILED;
}

const isLimit = (limit: number, cpus: number): boolean => limit > 0 && limit < cpus;

/** Returns the milliseconds of CPU time that a group has used; below 0 if that cannot be read. */
function usedOf({ usage, lines }: CpuGroup): number {
  const text = usage.text();
  if (!text) return FAILED;
  return lines ? lines.parse(text)[0]! / 1e3 : text.integer() / 1e6;
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

function closeGroup({ quota, period, usage }: CpuGroup): void {
  for (const file of [quota, period, usage]) file?.close();
}
