import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import type { EngineEvents } from '../../src/report/events.js';
import { unknown } from '../../src/model/reading.js';
import { recordingLogger, unitReading, type FakeHostParts } from '../../src/testing/index.js';
import { benchOf, type Bench, type BenchOptions } from '../make-engine.js';

const NO_SYSTEMD = 'systemd is not running here';
const THREE = ['nginx', 'redis', 'postgresql'];
const running = THREE.map((name) => unitReading({ name: `${name}.service` }));
const none: FakeHostParts = { units: unknown(NO_SYSTEMD) };

interface Blind extends Bench {
  readonly lost: EngineEvents['reading:lost'][];
  readonly back: EngineEvents['reading:back'][];
  readonly warnings: () => string[];
  readonly look: (times?: number, apartMs?: number) => Promise<void>;
}

function blindBench(parts: FakeHostParts, options: BenchOptions = {}): Blind {
  const bench = benchOf(parts, { services: THREE, ...options });
  const lost: EngineEvents['reading:lost'][] = [];
  const back: EngineEvents['reading:back'][] = [];
  bench.engine.on('reading:lost', (event) => void lost.push(event));
  bench.engine.on('reading:back', (event) => void back.push(event));
  return {
    ...bench,
    ...{ lost, back },
    warnings: () => bench.logger.of('warn').filter((line) => line.startsWith('Cannot read')),
    look: async (times = 1, apartMs = 10_000) => {
      for (let time = 0; time < times; time += 1) {
        await bench.engine.detectAndHeal();
        await bench.clock.advance(apartMs);
      }
    },
  };
}

const failing = (run: Check['run'], name = 'queue'): Check => ({
  ...{ name, component: name, type: 'service', parts: [] },
  run,
});

describe('a host without systemd', () => {
  it('is one warning that names every listed unit, in the first cycle only', async () => {
    const bench = blindBench(none);
    await bench.look(3);
    expect(bench.warnings()).toEqual([`Cannot read nginx, redis, postgresql: ${NO_SYSTEMD}`]);
    expect(bench.lost).toEqual([{ component: 'services', check: 'services', reason: NO_SYSTEMD }]);
    expect(bench.engine.status().lostReadings).toEqual([
      { component: 'services', check: 'services', reason: NO_SYSTEMD, listed: true, forMs: 30_000 },
    ]);
  });

  it('is a warning in monitoring, too, and the status of each listed unit is unknown', async () => {
    const bench = blindBench(none);
    void bench.engine.startMonitoring(10);
    await bench.clock.advance(60_000);
    expect(bench.warnings()).toHaveLength(1);
    const { components } = bench.engine.status();
    expect(components.filter(({ component }) => THREE.includes(component))).toMatchObject(
      THREE.map((component) => ({ component, type: 'service', status: 'unknown' })),
    );
    await bench.engine.close();
  });

  it('is a warning without listed units, and then no unit is reported as missing', async () => {
    const bench = blindBench(none, { services: undefined });
    await bench.look(2);
    expect(bench.warnings()).toEqual([`Cannot read services: ${NO_SYSTEMD}`]);
    expect(bench.engine.status().lostReadings).toMatchObject([{ component: 'services', listed: false }]);
  });

  it('is no warning if the check of services is disabled', async () => {
    const bench = blindBench(none, { enabledChecks: ['memory'] });
    await bench.look(2);
    expect([bench.warnings(), bench.lost, bench.engine.status().lostReadings]).toEqual([[], [], []]);
  });
});

describe('a bus that fails and recovers', () => {
  it('is reported when it fails, when the cause changes, and when it recovers', async () => {
    const bench = blindBench({ units: running });
    await bench.look(2);
    expect(bench.lost).toEqual([]);
    bench.host.set({ units: unknown('the bus closed the connection after 12 s') });
    await bench.look();
    bench.host.set({ units: unknown('the bus closed the connection after 22 s') });
    await bench.look();
    expect(bench.warnings()).toHaveLength(1);
    bench.host.set({ units: unknown('the bus refuses connections') });
    await bench.look();
    expect(bench.lost.map(({ reason }) => reason)).toEqual([
      'the bus closed the connection after 12 s',
      'the bus refuses connections',
    ]);
    bench.host.set({ units: running });
    await bench.look();
    expect(bench.back).toEqual([{ component: 'services', check: 'services', forMs: 30_000 }]);
    expect(bench.logger.of('info')).toContain('Can read nginx, redis, postgresql again after 30 s');
    expect(bench.engine.status().lostReadings).toEqual([]);
  });

  it('is reported once in five minutes if it fails repeatedly', async () => {
    const bench = blindBench({ units: running });
    for (let minute = 0; minute < 10; minute += 1) {
      bench.host.set(minute % 2 === 0 ? none : { units: running });
      await bench.look(1, 60_000);
    }
    expect(bench.warnings()).toHaveLength(2);
    expect(bench.back.length).toBeLessThanOrEqual(2);
  });

  it('is reported again if it stays down after repeated failures', async () => {
    const bench = blindBench(none);
    await bench.look();
    bench.host.set({ units: running });
    await bench.look();
    bench.host.set(none);
    await bench.look();
    expect(bench.lost).toHaveLength(1);
    expect(bench.engine.status().lostReadings).toHaveLength(1);
    await bench.look(2, 5 * 60_000);
    expect(bench.lost).toHaveLength(2);
  });
});

describe('a listed unit that systemd does not know', () => {
  it('is a warning with the closest name, while the others are monitored', async () => {
    const bench = blindBench({ units: running }, { services: ['ngnix', 'nginx', 'redis'] });
    await bench.look(3);
    const reason = 'systemd does not know ngnix.service: did you mean `nginx`?';
    expect(bench.warnings()).toEqual([`Cannot read ngnix: ${reason}`]);
    expect(bench.lost).toEqual([{ component: 'ngnix', check: 'services', reason }]);
    expect(bench.engine.status().lostReadings).toMatchObject([{ component: 'ngnix', reason, listed: true }]);
  });

  it('is compared with the running services if the host can list them', async () => {
    const bench = blindBench({ units: running }, { services: ['postgresq'] });
    Object.assign(bench.host, { activeServices: () => Promise.resolve(['postgresql.service']) });
    await bench.look();
    expect(bench.lost[0]?.reason).toContain('did you mean `postgresql`?');
  });

  it.each([
    ['cannot list them', () => Promise.resolve(unknown('no bus'))],
    ['fails', () => Promise.reject(new Error('no bus'))],
  ])('is a warning without a suggestion if the host %s', async (_when, activeServices) => {
    const bench = blindBench({ units: running }, { services: ['postgresq'] });
    Object.assign(bench.host, { activeServices });
    await bench.look();
    expect(bench.warnings()).toEqual(['Cannot read postgresq: systemd does not know postgresq.service']);
  });

  it('is reported if it disappears in a cycle that finds everything else healthy', async () => {
    const bench = blindBench({ units: running });
    await bench.look(2);
    bench.host.set({ units: running.slice(0, 2) });
    await bench.look();
    expect(bench.lost).toMatchObject([{ component: 'postgresql' }]);
    bench.host.set({ units: running });
    await bench.look();
    expect(bench.back).toMatchObject([{ component: 'postgresql' }]);
  });
});

describe('a custom check', () => {
  it.each<[string, Check['run']]>([
    [
      'throws',
      () => {
        throw new Error('no route');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no route'))],
    ['returns unknown', () => ({ status: 'unknown', reason: 'no route' })],
    ['returns an invalid verdict', () => ({ status: 'fine' }) as never],
  ])('that %s is a warning, and is reported as readable again later', async (_how, run) => {
    let broken = true;
    const check = failing((...all) => (broken ? run(...all) : { status: 'ok', reason: 'it is up' }));
    const bench = blindBench({ units: running }, { checks: [check] });
    await bench.look(2);
    expect(bench.warnings()).toHaveLength(1);
    expect(bench.lost).toMatchObject([{ component: 'queue', check: 'queue' }]);
    broken = false;
    await bench.look();
    expect(bench.back).toEqual([{ component: 'queue', check: 'queue', forMs: 20_000 }]);
  });

  it('shares one line with others that fail for the same reason', async () => {
    const run = (): never => {
      throw new Error('connection refused');
    };
    const checks = Array.from({ length: 3 }, (_, index) => failing(run, `shard-${index}`));
    const bench = blindBench({ units: running }, { checks });
    await bench.look(2);
    expect(bench.warnings()).toEqual([
      'Cannot read shard-0, shard-1, shard-2: The check `shard-0` threw: connection refused',
    ]);
    expect(bench.lost).toHaveLength(3);
  });
});

describe('a built-in check', () => {
  it('is a warning if it can read nothing at all', async () => {
    const bench = blindBench({ units: running, memory: unknown('no /proc/meminfo') });
    await bench.look(2);
    expect(bench.warnings()).toEqual(['Cannot read memory: no /proc/meminfo']);
    expect(bench.engine.status().lostReadings).toMatchObject([{ component: 'memory', listed: false }]);
  });

  it('that needs two readings is not a warning after the first one', async () => {
    const bench = blindBench({ units: running, cpu: unknown('CPU use needs two readings') });
    await bench.look();
    expect(bench.lost).toEqual([]);
    bench.host.set({ cpu: { percent: 5, cpus: 4 } });
    await bench.look();
    bench.host.set({ cpu: unknown('no /proc/stat') });
    await bench.look(2);
    expect(bench.lost).toMatchObject([{ component: 'cpu', reason: 'no /proc/stat' }]);
  });

  it('is a warning in the fast path of a cycle, too', async () => {
    const { host, clock } = benchOf();
    const logger = recordingLogger();
    const engine = new SimplifiedHealingEngine({ host, clock, logger, enabledChecks: ['memory'] });
    let isLost = false;
    let glances = 0;
    Object.assign(host, {
      liveGauges: () => ({
        ...{ cpu: unknown('-'), load: unknown('-'), mounts: unknown('-') },
        get memory() {
          return isLost
            ? unknown('no /proc/meminfo')
            : { scope: 'host', totalBytes: 100, availableBytes: 90, usedPercent: 10 };
        },
        read: () => (glances += 1) > 0,
      }),
    });
    for (const lost of [false, false, true, true, false]) {
      isLost = lost;
      await engine.detectAndHeal();
      await clock.advance(10_000);
    }
    expect(glances).toBeGreaterThan(3);
    expect(logger.of('warn')).toEqual(['Cannot read memory: no /proc/meminfo']);
    expect(logger.of('info')).toContain('Can read memory again after 20 s');
    await engine.close();
  });
});

describe('no warning of a lost reading', () => {
  it('is logged for an unlisted unit', async () => {
    const strange = unitReading({ name: 'gone.service', loadState: 'not-found', activeState: 'failed' });
    const bench = blindBench({ units: [strange] }, { services: undefined });
    await bench.look(2);
    expect(bench.lost).toEqual([]);
  });

  it('is logged for a component that is being repaired, which only the repair reads', async () => {
    let calls = 0;
    const bench = blindBench(
      { units: running },
      {
        checks: [
          {
            ...failing(() => {
              calls += 1;
              return calls === 1
                ? { status: 'bad', reason: 'it is down' }
                : { status: 'ok', reason: 'it is up' };
            }),
            settleMs: 1_000,
            heals: () => undefined,
          },
        ],
        executor: undefined,
      },
    );
    await bench.done(bench.engine.detectAndHeal());
    expect(bench.lost).toEqual([]);
  });
});

it('a lost reading is logged by an engine with a logger, and emitted by one with a listener', async () => {
  const bench = benchOf(none, { services: THREE });
  await bench.engine.detectAndHeal();
  expect(bench.logger.of('warn')).toContain(`Cannot read nginx, redis, postgresql: ${NO_SYSTEMD}`);
  const silent = benchOf(none, { services: THREE, logger: undefined });
  const lost: string[] = [];
  silent.engine.on('reading:lost', ({ component }) => void lost.push(component));
  await silent.engine.detectAndHeal();
  expect(lost).toEqual(['services']);
});
