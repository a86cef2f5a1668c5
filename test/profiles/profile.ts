import { actionRegistry } from '../../src/actions/registry.js';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { makePlan } from '../../src/execute/planner.js';
import { readControls } from '../../src/host/controls.js';
import type { Host } from '../../src/host/host.js';
import { createLinuxReader } from '../../src/host/linux/linux-reader.js';
import type { StatFs } from '../../src/host/linux/usage.js';
import { unknown } from '../../src/model/reading.js';
import type { UnitReading } from '../../src/model/unit.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import type { HealingOptions } from '../../src/engine/options.js';
import type { HealingResult } from '../../src/model/result.js';
import { fakeClock, fakeHost, unitReading } from '../../src/testing/index.js';
import { temporaryHost } from '../host/linux/odd-hosts.js';
import { calmPressure, loadavg, meminfo, mountinfo, stat, type MemoryFigures, type Mount } from './texts.js';

/** A kind of healthy host. */
export interface Profile {
  readonly name: string;
  readonly cpus: number;
  /** Busy share of the CPUs, 0 to 1. */
  readonly busy: number;
  readonly load: number;
  readonly memory: MemoryFigures;
  readonly mounts: readonly Mount[];
  /** Results of `statfs` by mount point. It fails for any other mount point. */
  readonly disks: Readonly<Record<string, StatFs>>;
  /** Further files below `/`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Units besides those of every host. */
  readonly units?: readonly UnitReading[];
  /** Out-of-memory kills since boot, at the first and second reading. */
  readonly kills?: readonly [number, number];
  /** Components that are unknown on this host, with reasons. */
  readonly unknown?: readonly string[];
  /** Expected bad verdicts above LOW, by component. */
  readonly reported?: readonly string[];
}

const RUNNING = ['ssh', 'cron', 'systemd-journald', 'systemd-udevd', 'dbus'].map((name) =>
  unitReading({ name }),
);

/** Results of two readings of a host. */
export interface Seen {
  readonly verdicts: readonly ComponentVerdict[];
  readonly results: readonly HealingResult[];
}

/** Reads a host twice, as CPU usage needs two readings, with an engine that may act. */
export async function seenOn(profile: Profile, options: HealingOptions = {}): Promise<Seen> {
  const { cpus, busy, load, memory, mounts, disks, files = {}, units = [], kills = [0, 0] } = profile;
  const vmstat = (oomKills: number): string => `nr_free_pages 1000\noom_kill ${oomKills}\n`;
  const host = temporaryHost({
    'proc/stat': stat(cpus, 100_000, busy),
    'proc/uptime': `100000.00 ${(100_000 * cpus * (1 - busy)).toFixed(2)}\n`,
    'proc/loadavg': loadavg(load),
    'proc/meminfo': meminfo(memory),
    'proc/vmstat': vmstat(kills[0]),
    'proc/sys/vm/min_free_kbytes': '67584\n',
    'proc/sys/vm/watermark_scale_factor': '10\n',
    'proc/sys/vm/drop_caches': '0\n',
    'proc/self/cgroup': '0::/system.slice/luminous-healing.service\n',
    'proc/self/mountinfo': mountinfo(mounts),
    'sys/devices/system/cpu/online': `0-${cpus - 1}\n`,
    ...calmPressure,
    ...files,
  });
  const clock = fakeClock();
  const answer = (path: string | Buffer): StatFs => {
    const stat = disks[String(path)];
    if (stat === undefined) throw Object.assign(new Error(`EACCES: ${String(path)}`), { code: 'EACCES' });
    return stat;
  };
  const reader = createLinuxReader({
    root: host.root,
    monotonic: () => clock.monotonic(),
    statfs: { sync: answer, async: (path) => Promise.resolve().then(() => answer(path)) },
  });
  const engine = new SimplifiedHealingEngine({
    ...options,
    clock,
    ...hostAndExecutor(reader, [...RUNNING, ...units], host.root),
  });
  let verdicts: readonly ComponentVerdict[] = [];
  engine.on('cycle:done', (cycle) => void (verdicts = cycle.verdicts));
  try {
    await engine.detectAndHeal();
    await clock.advance(60_000);
    host.put('proc/stat', stat(cpus, 100_060, busy));
    host.put('proc/uptime', `100060.00 ${(100_060 * cpus * (1 - busy)).toFixed(2)}\n`);
    host.put('proc/vmstat', vmstat(kills[1]));
    const results = await engine.detectAndHeal();
    return { verdicts, results };
  } finally {
    await engine.close();
    reader.close();
  }
}

/** Creates the host of a reader with units, and an executor that may plan, but must never act. */
function hostAndExecutor(
  reader: ReturnType<typeof createLinuxReader>,
  units: readonly UnitReading[],
  root: string,
): Pick<HealingOptions, 'host' | 'executor'> {
  const systemd = fakeHost({ units });
  const host: Host = {
    ...systemd,
    async read(request = {}) {
      const { signal } = request;
      const others = systemd.read(request);
      return {
        ...others,
        ...(request.controls && { controls: readControls(root) }),
        cpu: reader.cpu(),
        memory: reader.memory(),
        load: reader.load(),
        pressure: reader.pressure(),
        mounts: await reader.mounts(signal),
        system: {
          state: 'running',
          nixos: unknown('this host does not run NixOS'),
          oomKills: reader.oomKills(),
        },
      };
    },
  };
  const actions = actionRegistry();
  return {
    host,
    executor: {
      plan: (action, { signal = new AbortController().signal } = {}) =>
        makePlan(action, { host, actions, thresholds: thresholdValues(), services: [] }, signal),
      execute: ({ action }) => Promise.reject(new Error(`\`${action}\` was carried out on a healthy host`)),
    },
  };
}
