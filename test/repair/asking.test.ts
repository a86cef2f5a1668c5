import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import type { ApprovalRequest } from '../../src/memory/approvals.js';
import type { Verdict } from '../../src/model/issue.js';
import type { Plan } from '../../src/model/plan.js';
import { failedUnit, unitReading } from '../../src/testing/index.js';
import { benchOf, type BenchOptions } from '../make-engine.js';

const ASKS = { approval: 'it takes a reboot' } as const;
const REFUSED = {
  outcome: 'skipped',
  blockedBy: 'needs-approval',
  error: 'its own check refuses a switch: dbus',
} as const;

/** A failed service; `plans` are its plans, of which the last one repeats. */
function benchWith(plans: readonly Partial<Plan>[], more: BenchOptions = {}) {
  let made = 0;
  const acts: string[] = [];
  const asked: ApprovalRequest[] = [];
  const bench = benchOf(
    { units: [failedUnit()] },
    {
      ...{ services: ['nginx'], ...more },
      fake: {
        plan: () => plans[Math.min(made++, plans.length - 1)]!,
        act: (_action, { plan }) => void acts.push(plan?.effect ?? ''),
      },
    },
  );
  bench.engine.on('approval:asked', ({ request }) => asked.push(request));
  return { bench, acts, asked, heal: () => bench.done(bench.engine.detectAndHeal()) };
}

describe('a plan that needs approval', () => {
  it('is made again once it is approved, as that takes time', async () => {
    const plans = [{ ...ASKS, effect: 'boots' }, { effect: 'starts' }];
    const { acts, asked, heal } = benchWith(plans, { approve: () => true });
    await heal();
    expect(asked.map(({ plan }) => plan.effect)).toEqual(['boots']);
    expect(acts).toEqual(['starts']);
  });

  it('is carried out as approved if it is the same when it is made again', async () => {
    const { acts, heal } = benchWith([{ ...ASKS, effect: 'boots' }], { approve: () => true });
    await heal();
    expect(acts).toEqual(['boots']);
  });

  it('is in the status while `approve` decides on it', async () => {
    const seen: unknown[] = [];
    const { bench, heal } = benchWith([{ ...ASKS, effect: 'boots' }], {
      approve: () => {
        seen.push(...bench.engine.status().approvals);
        return false;
      },
    });
    await heal();
    expect(seen).toMatchObject([{ plan: { effect: 'boots' } }]);
  });

  it('is not carried out when a person rejects it', async () => {
    const { acts, heal } = benchWith([ASKS], { approve: () => false });
    expect(await heal()).toMatchObject([{ outcome: 'skipped' }]);
    expect(acts).toEqual([]);
  });

  it('is not requested in a dry run', async () => {
    const { asked, heal } = benchWith([ASKS], { approve: () => true, dryRun: true });
    expect(await heal()).toMatchObject([{ outcome: 'skipped', blockedBy: 'needs-approval' }]);
    expect(asked).toEqual([]);
  });

  it('is not requested for a service that has recovered since it was planned', async () => {
    const { bench, asked, heal } = benchWith([
      {
        ...ASKS,
        get effect() {
          bench.host.setUnit('nginx', unitReading());
          return 'boots';
        },
      },
    ]);
    expect(await heal()).toMatchObject([{ outcome: 'skipped', blockedBy: 'already-healthy' }]);
    expect(asked).toEqual([]);
  });

  it('is carried out when it is approved while its component is read again', async () => {
    let looks = 0;
    const shop: Check = {
      ...{ name: 'shop', component: 'shop', type: 'service', parts: [], heals: 'nginx' },
      run: async (): Promise<Verdict> => {
        const [request] = asked;
        // The second look of the second cycle, after its plan was judged.
        if ((looks += 1) === 4 && request) await bench.engine.approve(request.id);
        return { status: 'bad', reason: 'the shop is closed', severity: 3 };
      },
    };
    const { bench, acts, asked, heal } = benchWith([ASKS], { checks: [shop], enabledChecks: ['shop'] });
    expect(await heal()).toMatchObject([{ blockedBy: 'needs-approval' }]);
    expect(looks).toBe(2);
    await heal();
    expect(acts).toHaveLength(1);
    expect(asked).toHaveLength(1);
  });
});

describe('an approved repair that was refused before it changed anything', () => {
  it('is not requested again while its plan stays the same', async () => {
    const { bench, asked, heal } = benchWith([ASKS], { approve: () => true });
    bench.executor.next(REFUSED);
    expect(await heal()).toMatchObject([{ outcome: 'skipped', error: REFUSED.error }]);
    expect(asked).toHaveLength(1);
  });

  it('is carried out by the plan of the moment once another one is approved', async () => {
    const boots = { ...ASKS, effect: 'boots', parameters: { boot: true } };
    const plans = [{}, boots, { effect: 'starts' }];
    const { bench, acts, heal } = benchWith(plans, { approve: () => true });
    bench.executor.next(REFUSED);
    await heal();
    expect(acts.at(-1)).toBe('starts');
  });
});
