import { describe, expect, it, vi } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import type { Verdict } from '../../src/model/issue.js';
import { memoryStore } from '../../src/memory/store.js';
import { failedUnit, fakeHost, memoryReading, unitReading } from '../../src/testing/index.js';
import { NixOSPermissionHandler } from '../../src/execute/permission-handler.js';
import { benchOf } from '../make-engine.js';

const NO_PRESSURE = { memory: { some: 0, full: 0 }, io: { some: 0, full: 0 } };
const FAILED = { units: [failedUnit()] };

describe('a dry run', () => {
  it('plans, is a success, and changes nothing', async () => {
    const bench = benchOf(FAILED, { dryRun: true });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({
      outcome: 'planned',
      success: true,
      dryRun: true,
      actionTaken: 'restart_service',
      plan: { action: 'restart_service', steps: [{ kind: 'call' }] },
      attempts: [{ action: 'restart_service', outcome: 'planned' }],
    });
    expect(result?.error).toBeUndefined();
    expect(bench.executor.executed).toEqual([]);
  });

  it('shows the exact plan that a real run executes', async () => {
    const host = fakeHost(FAILED);
    const executor = new NixOSPermissionHandler({ host, readsThisMachine: true });
    const bench = benchOf(FAILED, { dryRun: true, executor });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result?.plan).toEqual(
      await executor.plan({ action: 'restart_service', parameters: { service: 'nginx' } }),
    );
  });

  it('passes all gates: a blocked repair is skipped, with its plan', async () => {
    const bench = benchOf(
      { units: [failedUnit({ transient: true }), failedUnit({ name: 'sshd' })] },
      { dryRun: true, executor: undefined },
    );
    const results = await bench.done(bench.engine.detectAndHeal());
    expect(results).toMatchObject([
      { outcome: 'skipped', blockedBy: 'not-allowed', plan: { action: 'restart_service' } },
      { outcome: 'skipped', blockedBy: 'protected', plan: { action: 'restart_service' } },
    ]);
  });

  it('reads again, as a real run would', async () => {
    const bench = benchOf(FAILED, {
      dryRun: true,
      fake: { plan: () => (bench.host.setUnit('nginx', unitReading()), {}) },
    });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'already-healthy' }]);
  });

  it('delays MEDIUM for a more severe issue, as a real run would', async () => {
    const bench = benchOf({ ...FAILED, memory: memoryReading(90) }, { dryRun: true });
    const results = await bench.done(bench.engine.detectAndHeal());
    expect(results.map(({ outcome, blockedBy }) => blockedBy ?? outcome)).toEqual([
      'planned',
      'resources-busy',
    ]);
  });

  it.each([1, 2])('counts each plan before the next one is judged: a budget of %d', async (hostPerHour) => {
    // The later a component is checked, the quicker is its check.
    const checks = ['a', 'b', 'c'].map((name, index): Check => ({
      ...{ name, component: name, type: 'service', parts: [], heals: name },
      run: async (): Promise<Verdict> => {
        await bench.clock.sleep(3_000 - 1_000 * index);
        return { status: 'bad', reason: `${name} is bad`, severity: 3 };
      },
    }));
    const guards = { budget: { hostPerHour } };
    const bench = benchOf({}, { checks, enabledChecks: ['a', 'b', 'c'], guards, dryRun: true });
    for (const name of ['a', 'b', 'c']) bench.host.setUnit(name);
    const results = await bench.done(bench.engine.detectAndHeal());
    const planned = results.filter(({ outcome }) => outcome === 'planned');
    expect(planned.map(({ issue }) => issue.component)).toEqual(['a', 'b'].slice(0, hostPerHour));
    expect(results).toHaveLength(3);
  });

  it('writes nothing to the state', async () => {
    const save = vi.fn(() => Promise.resolve());
    const bench = benchOf(FAILED, { dryRun: true, state: { ...memoryStore(), save } });
    await bench.done(bench.engine.detectAndHeal());
    await bench.done(bench.engine.healIssue((await bench.engine.detector.detectIssues())[0]!));
    await bench.engine.close();
    expect(save).not.toHaveBeenCalled();
  });

  it('may be repeated: it is planned each time, and counts as neither resolved nor failed', async () => {
    const bench = benchOf(FAILED, { dryRun: true });
    for (let i = 0; i < 10; i += 1) {
      expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ outcome: 'planned' }]);
    }
    expect(bench.engine.getMetrics()).toMatchObject({
      issuesDetected: 1,
      issuesResolved: 0,
      issuesFailed: 0,
      successRate: 1,
    });
  });

  it('can be switched on and off at any time', async () => {
    const bench = benchOf(FAILED, { dryRun: true });
    await bench.done(bench.engine.detectAndHeal());
    bench.engine.dryRun = false;
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([
      { outcome: 'ineffective', dryRun: false },
    ]);
    expect(bench.executor.executed).toHaveLength(1);
    bench.engine.dryRun = true;
    await bench.done(bench.engine.detectAndHeal());
    expect(bench.executor.executed).toHaveLength(1);
  });

  const stalls = (some: number) => ({ ...NO_PRESSURE, cpu: { some } });
  it.each([
    [51, 'resources-busy'],
    [50, 'planned'],
    [undefined, 'planned'],
  ])(
    'with the load unknown, and processes that wait for a CPU %s %% of the time, is %s',
    async (some, expected) => {
      const bench = benchOf(
        {
          memory: memoryReading(90),
          load: { unknown: 'of another scope' },
          ...(some === undefined ? {} : { pressure: stalls(some) }),
        },
        { dryRun: true },
      );
      const [result] = await bench.done(bench.engine.detectAndHeal());
      expect(result?.blockedBy ?? result?.outcome).toBe(expected);
      if (expected !== 'planned') expect(result?.error).toContain('51.0 %');
    },
  );

  it('counts a relapse that it detects first, and the next real cycle records it', async () => {
    const state = memoryStore();
    const bench = benchOf(FAILED, {
      state,
      fake: { act: () => bench.host.setUnit('nginx', unitReading({ name: 'nginx.service' })) },
    });
    const relapses: string[] = [];
    bench.engine.on('issue:relapsed', ({ issue }) => relapses.push(issue.component));
    const onRecord = async () => (await state.load())?.components['nginx']?.relapses;
    await bench.done(bench.engine.detectAndHeal());
    bench.host.setUnit('nginx', failedUnit());
    await bench.done(bench.engine.detectAndHeal({ dryRun: true }));
    expect([relapses, await onRecord()]).toEqual([['nginx'], 0]);
    expect(bench.engine.getMetrics().issuesRelapsed).toBe(1);
    bench.engine.healingEnabled = false;
    await bench.done(bench.engine.detectAndHeal());
    expect([relapses, await onRecord()]).toEqual([['nginx'], 1]);
  });
});
