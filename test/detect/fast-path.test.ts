import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBad } from '../../src/detect/issue-from.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import type { Gauges } from '../../src/model/snapshot.js';
import { fakeHost, memoryReading, mountReading, unitReading } from '../../src/testing/index.js';
import { GAUGE_CHECKS, liveHost, signallingHost } from '../make-live.js';

const percent = fc.double({ min: 0, max: 100, noNaN: true });
const because = fc.constant({ unknown: 'the file is gone' });
const usage = percent.map((value) => ({ used: value, available: 100 - value, percent: value }));
const gauges: fc.Arbitrary<Gauges> = fc.record({
  cpu: fc.oneof(
    percent.map((value) => ({ percent: value, cpus: 2 })),
    because,
  ),
  memory: fc.oneof(percent.map(memoryReading), because),
  load: fc.oneof(
    fc.double({ min: 0, max: 20, noNaN: true }).map((one) => ({ one, five: 0, fifteen: 0, cpus: 2 })),
    because,
  ),
  mounts: fc.oneof(
    fc.array(
      fc
        .record({ space: fc.oneof(usage, because), inodes: fc.oneof(usage, because) })
        .map((changes) => mountReading(changes)),
      { maxLength: 3 },
    ),
    because,
  ),
});
const levels = fc.record(
  { cpuPercent: percent, memoryPercent: percent, diskPercent: percent, loadAverage: fc.nat(20) },
  { requiredKeys: [] },
);

describe('the fast path of the detector', () => {
  it('has the same result as the verdicts of a full reading, for all readings and thresholds', async () => {
    await fc.assert(
      fc.asyncProperty(gauges, levels, async (is, thresholds) => {
        const options = { thresholds, enabledChecks: GAUGE_CHECKS };
        const glance = new SimpleDetector({ ...options, host: liveHost(is).host }).glance()!;
        const whole = await new SimpleDetector({ ...options, host: fakeHost(is as object) }).inspect();
        expect(glance.look()).toBe(!whole.some(isBad));
        expect(glance.verdicts()).toEqual(whole);
      }),
      { numRuns: 300, seed: 20261124 },
    );
  });

  it('returns undefined if an enabled check reads anything but gauges', () => {
    const { host, now } = liveHost();
    const detector = new SimpleDetector({ host });
    const glance = detector.glance()!;
    expect(glance.look()).toBeUndefined();
    detector.enabledChecks = [...GAUGE_CHECKS];
    expect(glance.look()).toBe(true);
    detector.addCheck({
      ...{ name: 'mine', component: 'mine', type: 'service' },
      run: () => ({ status: 'ok', reason: 'It is well' }),
    });
    expect(glance.look()).toBeUndefined();
    expect(now.made).toBe(1);
  });

  it('reads the gauges of the enabled checks, and those of others once they are enabled', () => {
    const { host, now } = liveHost();
    const detector = new SimpleDetector({ host, enabledChecks: ['cpu', 'disk'] });
    const glance = detector.glance()!;
    expect(glance.look()).toBe(true);
    expect(now.parts).toEqual(['cpu', 'mounts']);
    detector.enabledChecks = ['memory'];
    expect(glance.look()).toBe(true);
    expect(now.parts).toEqual(['memory']);
  });

  it('returns undefined if a reading is asynchronous, and for a host without gauges', () => {
    const { host, now } = liveHost();
    now.pending = true;
    const enabledChecks = GAUGE_CHECKS;
    expect(new SimpleDetector({ host, enabledChecks }).glance()?.look()).toBeUndefined();
    expect(new SimpleDetector({ host: fakeHost(), enabledChecks }).glance()?.look()).toBeUndefined();
  });

  it('does not exist if `inspect` is overridden', () => {
    class Mine extends SimpleDetector {
      override async inspect() {
        return Promise.resolve([]);
      }
    }
    expect(new Mine({ host: liveHost().host }).glance()).toBeUndefined();
  });

  it('evaluates a reading with the thresholds at that time', () => {
    const { host } = liveHost({ cpu: { percent: 50, cpus: 4 } });
    const detector = new SimpleDetector({ host, enabledChecks: GAUGE_CHECKS });
    const glance = detector.glance()!;
    expect(glance.look()).toBe(true);
    detector.thresholds.cpuPercent = 10;
    expect(glance.verdicts()[0]).toMatchObject({ status: 'ok', threshold: 80 });
    expect(glance.look()).toBe(false);
    expect(glance.verdicts()[0]).toMatchObject({ status: 'bad', threshold: 10 });
  });

  it('reports its own readings, also after others read the host', async () => {
    const { host, now } = liveHost({ cpu: { percent: 10, cpus: 4 } });
    const detector = new SimpleDetector({ host, enabledChecks: GAUGE_CHECKS });
    const glance = detector.glance()!;
    glance.look();
    now.cpu = { percent: 20, cpus: 4 };
    const [later] = await detector.inspect();
    expect(later).toMatchObject({ value: 20 });
    expect(glance.verdicts()[0]).toMatchObject({ value: 10 });
  });
});

describe('FastLook with units', () => {
  const active = { asked: [unitReading()], troubled: [] };
  const lookTwice = async (host: ReturnType<typeof signallingHost>): Promise<boolean | undefined> => {
    const detector = new SimpleDetector({ host, services: ['nginx'] });
    const glance = detector.glance()!;
    expect(glance.look(true)).toBeUndefined();
    await detector.look({ recent: true });
    return glance.look(true);
  };

  it('finds all well while units are the frozen object that a full look has judged', async () => {
    expect(await lookTwice(signallingHost(Object.freeze(active)))).toBe(true);
  });

  it('leaves units that may change in place to a full look', async () => {
    expect(await lookTwice(signallingHost({ ...active }))).toBeUndefined();
  });

  it('leaves a unit in transition to a full look', async () => {
    const starting = unitReading({
      activeState: 'activating',
      subState: 'start',
      transitionSince: Date.now(),
    });
    expect(await lookTwice(signallingHost(Object.freeze({ ...active, asked: [starting] })))).toBeUndefined();
  });

  it('does not take signals for an answer where the present state is asked for', async () => {
    const host = signallingHost(Object.freeze(active));
    const detector = new SimpleDetector({ host, services: ['nginx'] });
    const glance = detector.glance()!;
    await detector.look({ recent: true });
    expect([glance.look(), glance.look(false), glance.look(true)]).toEqual([undefined, undefined, true]);
  });
});

describe('the verdicts on gauges', () => {
  const detectorOf = ({ host }: ReturnType<typeof liveHost>) =>
    new SimpleDetector({ host, enabledChecks: GAUGE_CHECKS });

  it('are the same frozen list while the numbers are the same; each verdict is reused while its own number is the same', async () => {
    const live = liveHost();
    const detector = detectorOf(live);
    const first = await detector.inspect();
    expect(await detector.inspect()).toBe(first);
    live.now.cpu = { percent: 6, cpus: 4 };
    const second = await detector.inspect();
    expect(Object.isFrozen(second)).toBe(true);
    expect(second.map((verdict, i) => verdict === first[i])).toEqual([false, true, true, true, true]);
  });

  it('never change, even if their reason is first read long after the reading', async () => {
    const live = liveHost({ cpu: { percent: 10, cpus: 1 }, memory: memoryReading(50) });
    const detector = detectorOf(live);
    const held = await detector.inspect();
    live.now.cpu = { percent: 99, cpus: 8 };
    live.now.memory = memoryReading(99);
    live.now.mounts = [];
    await detector.inspect();
    expect(held[0]?.reason).toBe('CPU use is 10.0 % of 1 CPU, threshold 80.0 %');
    expect(held[1]?.reason).toContain('50.0 % used');
    expect(held[2]?.reason).toContain('/ is 30.0 % full');
    expect(held.every(Object.isFrozen)).toBe(true);
  });

  it('have their reason in a copy, in JSON, in a clone, and when printed', async () => {
    const [verdict] = await detectorOf(liveHost({ cpu: { percent: 10, cpus: 1 } })).inspect();
    const plain = {
      ...{ check: 'cpu', component: 'cpu', type: 'resource', status: 'ok', severity: 2 },
      ...{ value: 10, threshold: 80, clearsAt: 75 },
      reason: 'CPU use is 10.0 % of 1 CPU, threshold 80.0 %',
    };
    expect({ ...verdict }).toStrictEqual(plain);
    expect(JSON.parse(JSON.stringify(verdict))).toStrictEqual(plain);
    expect(structuredClone(verdict)).toStrictEqual(plain);
    expect(inspect(verdict)).toBe(inspect(plain));
  });
});
