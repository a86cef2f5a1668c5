import { describe, expect, it } from 'vitest';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import type { Host } from '../../src/host/host.js';
import { unknown } from '../../src/model/reading.js';
import { BLOCK_REASONS } from '../../src/model/plan.js';
import {
  failedUnit,
  fakeClock,
  fakeExecutor,
  fakeHost,
  memoryReading,
  unitReading,
} from '../../src/testing/index.js';
import { benchOf } from '../make-engine.js';

const services = ['nginx', 'redis'];
const units = [unitReading({ name: 'nginx' }), unitReading({ name: 'redis' })];

function raise(message: string): never {
  throw new Error(message);
}

describe('the status of an engine', () => {
  it('is complete before the first cycle: every watched component is listed, without invented values', () => {
    const { engine } = benchOf({ units }, { services });
    const status = engine.status();
    expect(status.components.map(({ component }) => component)).toEqual([
      ...['cpu', 'memory', 'load'],
      ...services,
    ]);
    for (const component of status.components) {
      expect(component).toMatchObject({
        status: undefined,
        issue: false,
        breaker: 'closed',
        needsHuman: false,
      });
    }
    expect(status).toMatchObject({
      ...{ closed: false, monitoring: undefined, lastLook: undefined, lastFailure: undefined },
      ...{ verdicts: [], issues: [], acts: [], results: [], approvals: [], pauses: [] },
      cycles: { done: 0, failed: 0 },
      budget: { host: { used: 0, most: 20, withinMs: 3_600_000 } },
    });
    expect(Object.keys(status.blocked)).toEqual([...BLOCK_REASONS]);
    expect(status.actions.every(({ count }) => count === 0)).toBe(true);
    expect(status.actions).toContainEqual({ action: 'rebuild_system', outcome: 'fixed', count: 0 });
  });

  it('has the last cycle with its age, and a repair with its time', async () => {
    const { engine, host, clock, done } = benchOf(
      { units: [failedUnit({ name: 'nginx' }), units[1]!] },
      { services, fake: { act: () => host.setUnit('nginx', unitReading({ name: 'nginx' })) } },
    );
    await done(engine.detectAndHeal());
    await clock.advance(5_000);
    const status = engine.status();
    expect(status.lastLook?.agoMs).toBeGreaterThanOrEqual(5_000);
    expect(status.acts).toMatchObject([{ component: 'nginx', action: 'restart_service', outcome: 'fixed' }]);
    expect(status.acts[0]!.timestamp.getTime()).toBeLessThanOrEqual(clock.now() - 5_000);
    expect(status.results).toMatchObject([{ outcome: 'fixed' }]);
    expect(status.budget).toMatchObject({
      host: { used: 1 },
      process: { used: 0 },
      generations: { used: 0 },
    });
    expect(status.actions.find(({ count }) => count > 0)).toEqual({
      ...{ action: 'restart_service', outcome: 'fixed', count: 1 },
    });
    expect(status.times.resolution.count).toBe(1);
    expect(status.verdicts.length).toBeGreaterThan(3);
  });

  it('has breakers, components that need manual attention, pauses, and a state that another engine has locked', async () => {
    const { engine, done, clock } = benchOf(
      { units: [failedUnit({ name: 'nginx' }), units[1]!] },
      { services, guards: { breaker: { attempts: 1, openingsPerDay: 1 } } },
    );
    await engine.pause('maintenance');
    await engine.resume('maintenance');
    await done(engine.detectAndHeal());
    await engine.pause('lunch');
    await clock.advance(1_000);
    const { components, pauses } = engine.status();
    const nginx = components.find(({ component }) => component === 'nginx');
    expect(nginx).toMatchObject({
      issue: true,
      breaker: 'open',
      needsHuman: true,
      failures: 1,
      status: 'bad',
    });
    expect(nginx?.breakerForMs).toBeGreaterThan(3_500_000);
    expect(pauses).toEqual([{ reason: 'lunch', forMs: 1_000, by: 'the host program' }]);
  });

  it('has the pending approvals, with their plan', async () => {
    const { engine, done } = benchOf(
      { units: [failedUnit({ name: 'nginx' }), units[1]!] },
      { services, fake: { plan: () => ({ approval: 'It is a Friday' }) } },
    );
    await done(engine.detectAndHeal());
    expect(engine.status().approvals).toMatchObject([
      {
        component: 'nginx',
        action: 'restart_service',
        plan: { action: 'restart_service' },
        lapsesInMs: 900_000,
      },
    ]);
  });

  it('has the monitoring, and whether the engine is closed', async () => {
    const { engine, clock } = benchOf();
    const monitoring = engine.startMonitoring(10);
    await clock.advance(25_000);
    expect(engine.status()).toMatchObject({
      monitoring: { intervalMs: 10_000, forMs: 25_000 },
      cycles: { done: 3, failed: 0 },
    });
    await engine.close();
    await monitoring;
    expect(engine.status()).toMatchObject({ monitoring: undefined, closed: true });
  });

  it('has the error of the last failed cycle, until one succeeds', async () => {
    const { engine, clock } = benchOf();
    const { detector } = engine;
    engine.detector = { detectIssues: () => Promise.reject(new Error('no eyes')) };
    await expect(engine.detectAndHeal()).rejects.toThrow('no eyes');
    await clock.advance(2_000);
    expect(engine.status()).toMatchObject({
      lastFailure: { error: 'The detector failed: no eyes', agoMs: 2_000 },
      cycles: { done: 0, failed: 1 },
    });
    engine.detector = detector;
    await engine.detectAndHeal();
    expect(engine.status().lastFailure).toBeUndefined();
  });

  it('has the cycles on a healthy host without listeners, too', async () => {
    const clock = fakeClock();
    const options = { clock, executor: fakeExecutor(), dryRun: true, enabledChecks: ['cpu', 'memory'] };
    let seen = true;
    const { read } = fakeHost({}, { clock });
    const host: Host = { read: (request) => (seen ? read(request) : raise('no eyes')) };
    const engine = new SimplifiedHealingEngine({ ...options, host });
    for (let look = 0; look < 3; look += 1) await engine.detectAndHeal();
    const timestamp = new Date(clock.now());
    await clock.advance(1_000);
    const { lastLook, cycles, verdicts } = engine.status();
    expect(lastLook).toEqual({ timestamp, agoMs: 1_000, detectionMs: 0 });
    expect(cycles).toEqual({ done: 3, failed: 0 });
    expect(verdicts.map(({ component, status }) => `${component} ${status}`)).toEqual([
      'cpu ok',
      'memory ok',
    ]);
    seen = false;
    await expect(engine.detectAndHeal()).rejects.toThrow('no eyes');
    expect(engine.status()).toMatchObject({
      lastFailure: { error: 'The detector failed: no eyes' },
      cycles: { failed: 1 },
    });
    await engine.close();
  });

  it('distinguishes unknown from bad', async () => {
    const { engine } = benchOf({ cpu: unknown('no such file'), memory: memoryReading(99) });
    engine.healingEnabled = false;
    await engine.detectAndHeal();
    const { components } = engine.status();
    const statusOf = (name: string) => components.find(({ component }) => component === name)?.status;
    expect([statusOf('cpu'), statusOf('memory'), statusOf('load')]).toEqual(['unknown', 'bad', 'ok']);
  });
});

describe('the metrics adapters of an engine', () => {
  it('are attached when it is created, and detached when it is closed, each once', async () => {
    const seen: unknown[] = [];
    const adapter = { attach: (engine: unknown) => (seen.push(engine), () => void seen.push('detached')) };
    const { engine } = benchOf({}, { metrics: [adapter] });
    expect(seen).toEqual([engine]);
    await engine.close();
    await engine.close();
    expect(seen).toEqual([engine, 'detached']);
  });

  it('are all detached even if one throws', async () => {
    const seen: string[] = [];
    const bad = {
      attach: () => () => {
        throw new Error('stuck');
      },
    };
    const { engine, logger } = benchOf(
      {},
      { metrics: [bad, { attach: () => () => void seen.push('good') }] },
    );
    await engine.close();
    expect(seen).toEqual(['good']);
    expect(logger.lines.map(({ message }) => message)).toContain(
      'A metrics adapter could not be detached: stuck',
    );
  });

  it('are refused if invalid', () => {
    expect(() => benchOf({}, { metrics: [{} as never] })).toThrow('metrics[0]');
    expect(() => benchOf({}, { metrics: 'prometheus' as never })).toThrow('an array of metrics adapters');
    expect(() => benchOf({}, { metrics: [{ attach: () => undefined as never }] })).toThrow(
      'metrics[0].attach',
    );
  });
});
