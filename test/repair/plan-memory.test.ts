import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/model/plan.js';
import { PlanMemory } from '../../src/repair/plan-memory.js';
import { failedUnit, fakeClock, unitReading, type FakeExecutorOptions } from '../../src/testing/index.js';
import { benchOf, type Bench, type BenchOptions } from '../make-engine.js';
import { issueOf, planOf, unitTargetOf } from '../make.js';

type Planner = NonNullable<FakeExecutorOptions['plan']>;

/** Monitors failed units with a cycle a second, and counts the plans that are made. */
async function monitoring(
  plan: Planner,
  options: BenchOptions = {},
): Promise<Bench & { plans: () => number }> {
  let made = 0;
  const counted: Planner = (...args) => {
    made += 1;
    return plan(...args);
  };
  const bench = benchOf(
    { units: [failedUnit()] },
    { services: ['nginx'], fake: { plan: counted }, ...options },
  );
  void bench.engine.startMonitoring(1);
  await bench.clock.advance(0);
  return { ...bench, plans: () => made };
}

const refused: Planner = () => ({ refusal: { reason: 'unavailable', sentence: 'There is no way to root' } });

describe('a plan of a monitor that leads to no repair', () => {
  it.each<[string, Planner, BenchOptions]>([
    ['is refused', refused, {}],
    ['needs approval', () => ({ approval: 'Its policy is approve' }), {}],
    ['belongs to a dry run', () => ({}), { dryRun: true }],
  ])('is made once in five seconds while the issue stays the same, if it %s', async (_, plan, options) => {
    const bench = await monitoring(plan, options);
    expect(bench.plans()).toBe(1);
    await bench.clock.advance(4_999);
    expect(bench.plans()).toBe(1);
    await bench.clock.advance(1);
    expect(bench.plans()).toBe(2);
    await bench.engine.close();
  });

  it('is made again at once for a new issue with the same component', async () => {
    const bench = await monitoring(refused);
    bench.host.setUnit('nginx', unitReading());
    await bench.clock.advance(1_000);
    bench.host.setUnit('nginx', failedUnit());
    await bench.clock.advance(1_000);
    expect(bench.told.filter((line) => line === 'issue:opened nginx')).toHaveLength(2);
    expect(bench.plans()).toBe(2);
    await bench.engine.close();
  });

  it('is made again for each call of detectAndHeal()', async () => {
    const bench = await monitoring(refused);
    await bench.engine.stopMonitoring();
    for (const plans of [2, 3]) {
      await bench.done(bench.engine.detectAndHeal());
      expect(bench.plans()).toBe(plans);
    }
    await bench.engine.close();
  });

  it('is not what runs once it is allowed: a new one is made first', async () => {
    const bench = await monitoring(() => ({ approval: 'Its policy is approve' }));
    const [request] = bench.engine.status().approvals;
    await bench.done(bench.engine.approve(request!.id));
    await bench.clock.advance(2_000);
    expect(bench.executor.executed).toHaveLength(1);
    expect(bench.plans()).toBeGreaterThan(1);
    await bench.engine.close();
  });

  it('does not delay the repair when a dry run is switched off', async () => {
    const bench = await monitoring(() => ({}), { dryRun: true });
    bench.engine.dryRun = false;
    await bench.clock.advance(1_000);
    expect(bench.executor.executed).toHaveLength(1);
    await bench.engine.close();
  });

  it('does not delay a repair that only has to wait', async () => {
    let isLeaving = true;
    const bench = await monitoring(() =>
      isLeaving ? { refusal: { reason: 'in-transition', sentence: 'nginx is being stopped' } } : {},
    );
    isLeaving = false;
    await bench.clock.advance(1_000);
    expect(bench.told).toContain('heal:started nginx');
    await bench.engine.close();
  });
});

describe('a dry run of a monitor', () => {
  const announced = ({ told }: Bench) => told.filter((line) => line === 'heal:planned nginx').length;

  it('announces a plan once while it stays the same, however often it is made again', async () => {
    const bench = await monitoring(() => ({}), { dryRun: true });
    await bench.clock.advance(60_000);
    expect(announced(bench)).toBe(1);
    expect(bench.plans()).toBeGreaterThan(5);
    await bench.engine.close();
  });

  it('announces another plan, and the same one for a new issue', async () => {
    let targets: Plan['targets'] = [];
    const bench = await monitoring(() => (targets.length > 0 ? { targets } : {}), { dryRun: true });
    targets = [unitTargetOf({ id: 'nginx.service' })];
    await bench.clock.advance(5_000);
    expect(announced(bench)).toBe(2);
    bench.host.setUnit('nginx', unitReading());
    await bench.clock.advance(1_000);
    bench.host.setUnit('nginx', failedUnit());
    await bench.clock.advance(1_000);
    expect(announced(bench)).toBe(3);
    await bench.engine.close();
  });

  it('is announced by each call of detectAndHeal()', async () => {
    const bench = await monitoring(() => ({}), { dryRun: true });
    await bench.engine.stopMonitoring();
    for (const times of [2, 3]) {
      await bench.done(bench.engine.detectAndHeal());
      expect(announced(bench)).toBe(times);
    }
    await bench.engine.close();
  });
});

describe('the memory of plans', () => {
  const issue = issueOf({ component: 'nginx', severity: 3 });
  const action = { action: 'restart_service', parameters: { service: 'nginx' } };
  const planned = { plan: planOf(), digest: 'd' };

  it.each([
    ['another component', { component: 'redis' }, action],
    ['another severity', { severity: 4 }, action],
    ['another check', { check: 'login' }, action],
    ['another action', {}, { ...action, action: 'reload_service' }],
    ['other parameters', {}, { ...action, parameters: { service: 'redis' } }],
  ] as const)('has none for %s', (_, other, asked) => {
    const plans = new PlanMemory(fakeClock());
    plans.keep(issue, action, planned);
    expect(plans.find(issue, action)).toBe(planned);
    expect(plans.find({ ...issue, ...other }, asked)).toBeUndefined();
  });

  it('knows which plan was announced for each check of a component', () => {
    const plans = new PlanMemory(fakeClock());
    const other = { ...issue, check: 'login' };
    const announce = () => [plans.isNew(issue, 'a'), plans.isNew(other, 'b')];
    expect([announce(), announce()]).toEqual([
      [true, true],
      [false, false],
    ]);
    expect(plans.isNew(issue, 'c')).toBe(true);
    plans.forget('nginx');
    expect(announce()).toEqual([true, true]);
  });

  it('keeps plans of several issues, and uses each for less than five seconds', async () => {
    const clock = fakeClock();
    await clock.advance(60_000);
    const plans = new PlanMemory(clock);
    const issues = [issue, issueOf({ component: 'redis' })];
    for (const one of issues) plans.keep(one, action, planned);
    await clock.advance(4_999);
    expect(issues.map((one) => plans.find(one, action))).toEqual([planned, planned]);
    await clock.advance(1);
    expect(issues.map((one) => plans.find(one, action))).toEqual([undefined, undefined]);
  });

  it('forgets the plans of one component', () => {
    const plans = new PlanMemory(fakeClock());
    const other = issueOf({ component: 'redis' });
    for (const one of [issue, other]) plans.keep(one, action, planned);
    plans.forget('nginx');
    expect([issue, other].map((one) => plans.find(one, action))).toEqual([undefined, planned]);
  });
});
