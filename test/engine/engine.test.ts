import { describe, expect, it, vi } from 'vitest';
import { createSelfHealingEngine } from '../../src/engine/create.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { SelfHealingEngine, SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { NixOSPermissionHandler } from '../../src/execute/permission-handler.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import {
  failedUnit,
  fakeClock,
  fakeExecutor,
  fakeHost,
  systemReading,
  unitReading,
} from '../../src/testing/index.js';
import { issueOf } from '../make.js';
import { benchOf, whenDone } from '../make-engine.js';

const FAILED = { units: [failedUnit()] };
const heals = { getAction: () => ({ action: 'heal_it', parameters: {} }) };

describe('an engine', () => {
  it('is one class under two names, and the product of the factory', () => {
    expect(SelfHealingEngine).toBe(SimplifiedHealingEngine);
    expect(createSelfHealingEngine({ host: fakeHost() })).toBeInstanceOf(SimplifiedHealingEngine);
    expect(new SelfHealingEngine({ host: fakeHost() })).toBeInstanceOf(SimplifiedHealingEngine);
  });

  it('reads and opens nothing in its constructor', () => {
    const host = fakeHost();
    const engine = new SimplifiedHealingEngine({ host });
    expect(host.requests).toEqual([]);
    expect(engine.getMetrics().lastCheck).toBeUndefined();
  });

  it('has the documented defaults', () => {
    const engine = new SimplifiedHealingEngine({ host: fakeHost() });
    expect(engine).toMatchObject({ healingEnabled: true, dryRun: false, verbose: false });
    expect(engine.detector).toBeInstanceOf(SimpleDetector);
    expect(engine.resolver).toBeInstanceOf(SimpleResolver);
    expect(engine.executor).toBeInstanceOf(NixOSPermissionHandler);
  });

  it('has parts that can be replaced at any time, and are used from then on', async () => {
    const { engine, done } = benchOf(FAILED);
    const detector = { detectIssues: vi.fn(() => Promise.resolve([issueOf({ component: 'queue' })])) };
    const resolver = { getAction: vi.fn(() => ({ action: 'drain', parameters: {} })) };
    const executor = fakeExecutor();
    Object.assign(engine, { detector, resolver, executor });
    expect([engine.detector, engine.resolver, engine.executor]).toEqual([detector, resolver, executor]);
    await done(engine.detectAndHeal());
    expect(detector.detectIssues).toHaveBeenCalled();
    expect(resolver.getAction).toHaveBeenCalled();
    expect(executor.executed).toEqual([{ action: 'drain', parameters: {} }]);
  });

  it.each([
    ['detector', {}, 'Expected `detector` to be an object with a method `detectIssues`, got `{}` (object)'],
    ['resolver', null, 'Expected `resolver` to be an object with a method `getAction`, got `null`'],
    ['executor', { plan: () => 1 }, 'Expected `executor` to be an object with a method `execute`'],
    ['healingEnabled', 'yes', 'Expected `healingEnabled` to be true or false, got `"yes"` (string)'],
    ['dryRun', 1, 'Expected `dryRun` to be true or false, got `1` (number)'],
    ['verbose', undefined, 'Expected `verbose` to be true or false, got `undefined`'],
  ])('refuses an invalid value for its %s', (part, value, message) => {
    const { engine } = benchOf();
    const before = (engine as unknown as Record<string, unknown>)[part];
    expect(() => Object.assign(engine, { [part]: value })).toThrow(message);
    expect((engine as unknown as Record<string, unknown>)[part]).toBe(before);
  });

  it('uses a detector whose thresholds and checks were changed', async () => {
    const { engine } = benchOf({ cpu: { percent: 50, cpus: 4 } }, { dryRun: true, resolver: heals });
    engine.detector.thresholds.cpuPercent = 40;
    expect(await engine.detectAndHeal()).toMatchObject([{ issue: { component: 'cpu', threshold: 40 } }]);
    engine.detector.enabledChecks = ['disk'];
    expect(await engine.detectAndHeal()).toEqual([]);
    engine.detector.addCheck({
      name: 'queue',
      component: 'queue',
      type: 'resource',
      run: () => ({ status: 'bad', reason: 'It is full' }),
    });
    expect(await engine.detectAndHeal()).toMatchObject([
      { issue: { component: 'queue' }, outcome: 'planned' },
    ]);
  });
});

describe('the metrics of an engine', () => {
  it('count issues when they open and repairs when they end, and have the time of the last cycle', async () => {
    const bench = benchOf(FAILED, { fake: { act: () => bench.host.setUnit('nginx', unitReading()) } });
    await bench.done(bench.engine.detectAndHeal());
    expect(bench.engine.getMetrics()).toMatchObject({
      issuesDetected: 1,
      issuesResolved: 1,
      issuesFailed: 0,
      successRate: 1,
      lastCheck: expect.any(Date) as Date,
    });
    expect(bench.engine.getMetrics().resolutionTimeMs.last).toBeGreaterThanOrEqual(3_000);
  });

  it('count an open issue once, however often it is read', async () => {
    const bench = benchOf({ system: systemReading({ state: 'degraded' }) });
    for (let i = 0; i < 3; i += 1) await bench.engine.detectAndHeal();
    expect(bench.engine.getMetrics().issuesDetected).toBe(1);
  });

  it('count an issue once even if it could not be read in between', async () => {
    const bench = benchOf({ system: systemReading({ state: 'degraded' }) });
    await bench.engine.detectAndHeal();
    bench.host.set({ system: { unknown: 'no bus' } });
    await bench.engine.detectAndHeal();
    expect(bench.told).not.toContain('issue:cleared system:state');
    bench.host.set({ system: systemReading({ state: 'degraded' }) });
    await bench.engine.detectAndHeal();
    expect(bench.engine.getMetrics().issuesDetected).toBe(1);
  });
});

describe('the events of an engine', () => {
  it('report a repair from its beginning to its end', async () => {
    const bench = benchOf(FAILED, { fake: { act: () => bench.host.setUnit('nginx', unitReading()) } });
    await bench.done(bench.engine.detectAndHeal());
    await bench.done(bench.engine.detectAndHeal());
    expect(bench.told).toEqual([
      'issue:opened nginx',
      'heal:planned nginx',
      'heal:started nginx',
      'heal:done nginx',
      'issue:cleared nginx',
      'cycle:done',
      'cycle:done',
    ]);
    expect(bench.events('heal:done')).toMatchObject([{ result: { outcome: 'fixed' } }]);
    expect(bench.events('heal:planned')).toMatchObject([{ plan: { action: 'restart_service' } }]);
  });

  it('report a cycle: every verdict, the issues, and their results', async () => {
    const bench = benchOf(FAILED, { dryRun: true });
    await bench.engine.detectAndHeal();
    const [cycle] = bench.events('cycle:done');
    expect(cycle).toMatchObject({
      timestamp: expect.any(Date) as Date,
      issues: [{ component: 'nginx' }],
      results: [{ outcome: 'planned' }],
      detectionMs: expect.any(Number) as number,
    });
    expect(cycle?.verdicts.map(({ component }) => component)).toEqual([
      'cpu',
      'memory',
      'disk:/',
      'inodes:/',
      'readonly:/',
      'load',
      'nginx',
      'system:state',
      'system:oom',
    ]);
  });

  it('report a gate when the reason changes, not in every cycle', async () => {
    const bench = benchOf({ units: [failedUnit({ job: 'start' })] }, { executor: undefined });
    const reasons = () => bench.events('heal:blocked').map(({ blockedBy }) => blockedBy);
    for (let i = 0; i < 3; i += 1) await bench.engine.healIssue(issueOf());
    expect(reasons()).toEqual(['in-transition']);
    bench.engine.healingEnabled = false;
    for (let i = 0; i < 2; i += 1) await bench.engine.healIssue(issueOf());
    expect(reasons()).toEqual(['in-transition', 'healing-disabled']);
    bench.engine.healingEnabled = true;
    await bench.engine.healIssue(issueOf());
    expect(reasons()).toEqual(['in-transition', 'healing-disabled', 'in-transition']);
  });

  it('report no action in a dry run', async () => {
    const bench = benchOf(FAILED, { dryRun: true });
    await bench.engine.detectAndHeal();
    expect(bench.told).toEqual(['issue:opened nginx', 'heal:planned nginx', 'cycle:done']);
  });
});

describe('the log messages of an engine', () => {
  it('are issues, repairs, and blocked repairs, each as one string', async () => {
    const bench = benchOf(FAILED, { fake: { act: () => bench.host.setUnit('nginx', unitReading()) } });
    await bench.done(bench.engine.detectAndHeal());
    expect(bench.logger.of('warn').join('\n')).toContain('nginx');
    expect(bench.logger.of('info').join('\n')).toContain('restart_service');
    for (const { message } of bench.logger.lines) expect(message).toBeTypeOf('string');
  });

  it('of level debug are sent only while verbose is set, which can be changed at any time', async () => {
    const bench = benchOf();
    await bench.engine.detectAndHeal();
    expect(bench.logger.of('debug')).toEqual([]);
    bench.engine.verbose = true;
    await bench.engine.detectAndHeal();
    expect(bench.logger.of('debug').length).toBeGreaterThan(0);
  });
});

describe('engine.close()', () => {
  it('may be called twice, and prevents all later work', async () => {
    const { engine } = benchOf(FAILED);
    await engine.close();
    await engine.close();
    for (const work of [
      () => engine.detectAndHeal(),
      () => engine.healIssue(issueOf()),
      () => engine.healIssuesBatch([]),
    ]) {
      await expect(work()).rejects.toMatchObject({ code: 'closed', message: 'This engine has been closed' });
    }
  });

  it('does not close a host that was passed to the engine', async () => {
    const { engine, host } = benchOf();
    await engine.detectAndHeal();
    await engine.close();
    expect(host.closed).toBe(0);
  });

  it('does not close an executor that was passed to the engine, because another engine may use it', async () => {
    const { engine, executor } = benchOf();
    await engine.close();
    expect(executor.closed).toBe(0);
  });

  it('waits for work in progress', async () => {
    let release = (): void => undefined;
    const bench = benchOf(FAILED, {
      fake: { act: () => new Promise<void>((resolve) => (release = resolve)) },
    });
    const healing = bench.engine.detectAndHeal();
    await vi.waitFor(() => expect(bench.executor.executed).toHaveLength(1));
    let closed = false;
    const closing = bench.engine.close().then(() => (closed = true));
    await bench.clock.advance(1_000);
    expect(closed).toBe(false);
    release();
    await bench.done(Promise.all([closing, healing]));
  });

  it('is called at the end of an `await using` scope', async () => {
    const engine = new SimplifiedHealingEngine({ host: fakeHost(), executor: fakeExecutor() });
    await engine[Symbol.asyncDispose]();
    await expect(engine.detectAndHeal()).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('two engines', () => {
  it('share no state', async () => {
    const [one, other] = [benchOf(FAILED), benchOf()];
    one.engine.detector.thresholds.cpuPercent = 1;
    await one.done(one.engine.detectAndHeal());
    expect(other.engine.detector.thresholds.cpuPercent).toBe(thresholdValues().cpuPercent);
    expect(other.engine.getMetrics().issuesDetected).toBe(0);
    expect(other.told).toEqual([]);
  });

  it('may run on one host', async () => {
    const clock = fakeClock();
    const host = fakeHost();
    const engines = [1, 2].map(() => new SimplifiedHealingEngine({ host, clock, executor: fakeExecutor() }));
    const cycles = Promise.all(engines.map((engine) => engine.detectAndHeal()));
    expect(await whenDone(cycles, clock)).toEqual([[], []]);
    for (const engine of engines) expect(engine.status()).toMatchObject({ lastLook: {}, lostReadings: [] });
    await Promise.all(engines.map((engine) => engine.close()));
  });
});
