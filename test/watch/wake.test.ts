import { describe, expect, it, vi } from 'vitest';
import type { ReadRequest } from '../../src/host/host.js';
import { createWaker } from '../../src/watch/wake.js';
import { failedUnit, fakeClock, unitReading } from '../../src/testing/index.js';
import { benchOf, type Bench } from '../make-engine.js';

const settle = (bench: Bench) => bench.clock.advance(0);
const opened = ({ told }: Bench) => told.filter((line) => line.startsWith('issue:'));
const wholeLooks = ({ host }: Bench) => host.requests.filter(({ parts }) => parts?.includes('cpu'));

/** Monitoring of one healthy unit, with a cycle a minute. */
async function watching(options: Parameters<typeof benchOf>[1] = {}): Promise<Bench> {
  const bench = benchOf({ units: [unitReading()] }, { services: ['nginx'], dryRun: true, ...options });
  void bench.engine.startMonitoring(60);
  await settle(bench);
  return bench;
}

describe('a failing unit that the host reports immediately', () => {
  it('is an issue at once, and not only in the next cycle', async () => {
    const bench = await watching();
    bench.host.set({ units: [failedUnit()] });
    bench.host.tell('nginx');
    await settle(bench);
    expect(opened(bench)).toEqual(['issue:opened nginx']);
    expect(bench.told).toContain('heal:planned nginx');
    expect(wholeLooks(bench)).toHaveLength(1);
    expect(bench.engine.getMetrics().issuesDetected).toBe(1);
    await bench.engine.close();
  });

  it('is reported with the state from systemd, and its log is read before any repair', async () => {
    const logs = { 'nginx.service': ['it crashed'] };
    const bench = await watching();
    bench.host.set({ units: [failedUnit()], logs });
    bench.host.tell('nginx');
    await settle(bench);
    expect(bench.events('heal:planned')[0]?.issue.evidence).toContain('it crashed');
    expect(bench.engine.explain('nginx')[0]?.issue.evidence).toContain('it crashed');
    await bench.engine.close();
  });

  it('is no issue if it reads ok afterwards', async () => {
    const bench = await watching();
    bench.host.tell('nginx');
    await settle(bench);
    expect(opened(bench)).toEqual([]);
    await bench.engine.close();
  });

  it('does not speed up an issue that has to last longer, nor clear it', async () => {
    const bench = await watching({ guards: { lasting: { cpu: 2 } } });
    bench.host.set({ cpu: { percent: 99, cpus: 4 } });
    await bench.clock.advance(60_000);
    bench.host.set({ units: [failedUnit()] });
    for (let i = 0; i < 5; i++) {
      bench.host.tell('nginx');
      await bench.clock.advance(300);
    }
    expect(opened(bench)).toEqual(['issue:opened nginx']);
    await bench.clock.advance(60_000);
    expect(opened(bench)).toEqual(['issue:opened nginx', 'issue:opened cpu']);
    bench.host.set({ units: [unitReading()] });
    bench.host.tell('nginx');
    await settle(bench);
    expect(opened(bench).at(-1)).toBe('issue:cleared nginx');
    await bench.engine.close();
  });

  it('is ignored if one bad reading of a service does not count, or services are not checked', async () => {
    for (const options of [{ guards: { lasting: { others: 2 } } }, { enabledChecks: ['cpu'] }]) {
      const bench = await watching(options);
      const before = bench.host.requests.length;
      bench.host.tell('nginx');
      await settle(bench);
      expect(bench.host.requests).toHaveLength(before);
      await bench.engine.close();
    }
  });

  it('causes at most four readings a second, however often it flaps', async () => {
    const bench = await watching();
    const before = bench.host.requests.length;
    for (let ms = 0; ms < 1_000; ms++) {
      bench.host.tell('nginx');
      await bench.clock.advance(1);
    }
    expect(bench.host.requests.length - before).toBeLessThanOrEqual(5);
    await bench.engine.close();
  });

  it('is ignored after the monitoring was stopped', async () => {
    const bench = await watching();
    await bench.engine.stopMonitoring();
    const before = bench.host.requests.length;
    bench.host.tell('nginx');
    await settle(bench);
    expect(bench.host.requests).toHaveLength(before);
    expect(bench.clock.sleepers).toBe(0);
    await bench.engine.close();
  });

  it('stays an issue even if a longer cycle that started before reads it as ok', async () => {
    const bench = await watching();
    const { host } = bench;
    let release = (): void => undefined;
    const read = host.read.bind(host);
    const held = new Promise<void>((resolve) => (release = resolve));
    vi.spyOn(host, 'read').mockImplementation((request?: ReadRequest) => {
      const snapshot = read(request);
      // A dead remote file system delays a whole cycle.
      return ((request?.parts?.length ?? 0) > 1 ? held.then(() => snapshot) : snapshot) as never;
    });
    await bench.clock.advance(60_000);
    host.set({ units: [failedUnit()] });
    await bench.clock.advance(1);
    host.tell('nginx');
    await settle(bench);
    release();
    await settle(bench);
    expect(opened(bench)).toEqual(['issue:opened nginx']);
    await bench.engine.close();
  });

  it('is read at each interval if the host can no longer report it, which is logged once', async () => {
    const bench = await watching();
    bench.host.tell(true);
    bench.host.tell({ unknown: 'the bus is gone' });
    expect(bench.logger.of('warn').join()).toContain('at each interval only: the bus is gone');
    bench.host.tell(true);
    expect(bench.logger.of('info').join()).toContain('seen at once again');
    bench.host.set({ units: [failedUnit()] });
    await bench.clock.advance(60_000);
    expect(opened(bench)).toEqual(['issue:opened nginx']);
    await bench.engine.close();
  });
});

describe('the waker of the monitoring', () => {
  it('begins a look only after the one before has ended, however long that takes', async () => {
    const clock = fakeClock();
    const looks: string[] = [];
    const look = async (components: ReadonlySet<string>) => {
      looks.push(...components);
      await clock.sleep(5_000);
    };
    const wake = createWaker(look, 250, clock, new AbortController().signal);
    for (const component of ['a', 'b']) void wake(component);
    await clock.advance(5_000);
    expect(looks).toEqual(['a']);
    await clock.advance(250);
    expect(looks).toEqual(['a', 'b']);
    await clock.advance(10_000);
  });

  it('reads units that were reported in between together, 64 at once, and keeps its minimum interval', async () => {
    const clock = fakeClock();
    const looks: { at: number; size: number }[] = [];
    const look = (components: ReadonlySet<string>) => {
      looks.push({ at: clock.monotonic(), size: components.size });
      return Promise.resolve();
    };
    const start = clock.monotonic();
    const wake = createWaker(look, 250, clock, new AbortController().signal);
    for (let i = 0; i < 100; i++) void wake(`unit-${i}`);
    await clock.advance(1_000);
    expect(looks.map(({ at, size }) => [at - start, size])).toEqual([
      [0, 1],
      [250, 64],
      [500, 35],
    ]);
  });
});
