import { describe, expect, it } from 'vitest';
import { DEADLINES } from '../../src/base/deadlines.js';
import type { Check } from '../../src/detect/check.js';
import type { Verdict } from '../../src/model/issue.js';
import type { HealingAction } from '../../src/model/plan.js';
import { failedUnit, memoryReading, unitReading } from '../../src/testing/index.js';
import { benchOf, type BenchOptions } from '../make-engine.js';
import { planOf, unitTargetOf } from '../make.js';

const serviceOf = ({ parameters: { service } }: HealingAction): string =>
  String(service).replace('.service', '');

/** Failed services of which each plan takes a time in milliseconds. */
function benchWith(planMs: Readonly<Record<string, number>>, more: BenchOptions = {}) {
  const acts: string[] = [];
  const bench = benchOf(
    { units: Object.keys(planMs).map((name) => failedUnit({ name: `${name}.service` })) },
    {
      services: Object.keys(planMs),
      ...more,
      fake: {
        plan: async (action) => {
          const name = serviceOf(action);
          if (!(name in planMs)) return {};
          if (planMs[name]) await bench.clock.sleep(planMs[name]);
          return planOf({ ...action, targets: [unitTargetOf({ id: `${name}.service` })] });
        },
        act: (action) => {
          acts.push(`${serviceOf(action)} at ${bench.clock.monotonic()} ms`);
          bench.host.setUnit(serviceOf(action), unitReading({ name: `${serviceOf(action)}.service` }));
        },
      },
    },
  );
  return { bench, acts };
}
const LATE = DEADLINES.plansMs + 1_000;

describe('a plan that takes longer than the others are made to wait', () => {
  it('is carried out once it is ready, after those that were in time', async () => {
    const { bench, acts } = benchWith({ slow: LATE, slower: LATE + 2_000, quick: 0 });
    const results = await bench.done(bench.engine.detectAndHeal());
    expect(acts).toEqual([
      `quick at ${DEADLINES.plansMs} ms`,
      `slow at ${LATE} ms`,
      `slower at ${LATE + 2_000} ms`,
    ]);
    expect(results.map(({ issue, outcome }) => [issue.component, outcome])).toEqual([
      ['quick', 'fixed'],
      ['slow', 'fixed'],
      ['slower', 'fixed'],
    ]);
  });

  it('of a worse issue delays a MEDIUM repair', async () => {
    const { bench } = benchWith({ slow: LATE });
    bench.host.set({ memory: memoryReading(90) });
    const results = await bench.done(bench.engine.detectAndHeal());
    expect(results).toMatchObject([
      { issue: { component: 'memory' }, blockedBy: 'resources-busy' },
      { issue: { component: 'slow' }, outcome: 'fixed' },
    ]);
    expect(results[0]?.error).toContain('slow is worse');
  });

  it('of a dry run has its result too if it is ready while another one is looked at', async () => {
    const looks: Check = {
      ...{ name: 'shop', component: 'shop', type: 'service', parts: [], heals: 'quick' },
      run: async (): Promise<Verdict> => {
        await bench.clock.sleep(2 * DEADLINES.plansMs);
        return { status: 'bad', reason: 'the shop is closed', severity: 3 };
      },
    };
    const { bench } = benchWith({ slow: LATE, quick: 0 }, { checks: [looks], dryRun: true });
    bench.host.setUnit('quick', unitReading({ name: 'quick.service' }));
    const results = await bench.done(bench.engine.detectAndHeal());
    expect(results.map(({ issue, outcome }) => [issue.component, outcome])).toEqual([
      ['shop', 'planned'],
      ['slow', 'planned'],
    ]);
  });
});
