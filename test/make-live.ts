import type { Host } from '../src/host/host.js';
import type { GaugePart, Gauges, LiveGauges, UnitsReading } from '../src/model/snapshot.js';
import {
  fakeHost,
  healthySnapshot,
  memoryReading,
  mountReading,
  systemReading,
  type FakeHost,
} from '../src/testing/index.js';

/** Host with gauges: they read `is`. With `pending` they have no result. */
export function liveHost(is: Partial<Gauges> = {}) {
  const well: Gauges = {
    cpu: { percent: 5, cpus: 4 },
    memory: memoryReading(40),
    load: { one: 0.5, cpus: 4 },
    mounts: [mountReading({ percent: 30 })],
  };
  const parts: readonly GaugePart[] = [];
  const now = { ...well, ...is, pending: false, made: 0, looks: 0, parts };
  const liveGauges = (asked: readonly GaugePart[] = []): LiveGauges => {
    now.made += 1;
    now.parts = asked;
    const live = {
      ...well,
      read() {
        now.looks += 1;
        const { cpu, memory, load, mounts } = now;
        Object.assign(live, structuredClone({ cpu, memory, load, mounts }));
        return !now.pending;
      },
    };
    return live;
  };
  const host: FakeHost & { liveGauges: typeof liveGauges } = Object.assign(fakeHost(), { liveGauges });
  return { host, now };
}

/** Checks that read gauges only. */
export const GAUGE_CHECKS = ['cpu', 'memory', 'disk', 'load'] as const;

/** A host with gauges, these units, and what systemd last signalled of them. */
export function signallingHost(units: UnitsReading) {
  const { host } = liveHost();
  const system = systemReading({ state: 'running', oomKills: 0 });
  const recent = { units, state: 'running', oomKills: 0 };
  return {
    ...host,
    read: () => ({ ...healthySnapshot(), units, system }),
    recent: () => recent,
  } satisfies Host;
}
