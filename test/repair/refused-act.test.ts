import { describe, expect, it } from 'vitest';
import type { ApprovalRequest } from '../../src/memory/approvals.js';
import type { HealingAction, Plan } from '../../src/model/plan.js';
import { failedUnit } from '../../src/testing/index.js';
import { benchOf } from '../make-engine.js';

const REFUSED = {
  outcome: 'skipped',
  blockedBy: 'needs-approval',
  error: 'its own check refuses a switch: dbus',
} as const;

/** Engine whose repair is refused once; the next plan is `other`. */
const benchWith = (other: Partial<Plan>, approve?: () => boolean) => {
  let plans = 0;
  const carriedOut: string[] = [];
  const asked: ApprovalRequest[] = [];
  const bench = benchOf(
    { units: [failedUnit()] },
    {
      services: ['nginx'],
      ...(approve && { approve }),
      fake: {
        plan: () => ((plans += 1) === 1 ? {} : other),
        act: (_action: HealingAction, { plan }: { plan?: Plan | undefined }) =>
          void carriedOut.push(plan?.effect ?? ''),
      },
    },
  );
  bench.engine.on('approval:asked', ({ request }) => asked.push(request));
  bench.executor.next(REFUSED);
  return { bench, carriedOut, asked };
};
const BOOT = { effect: 'boots another system', approval: 'it takes a reboot', parameters: { boot: true } };

describe('a repair that was refused before it changed anything', () => {
  it('leads to an approval request for the new plan, in the same turn', async () => {
    const { bench, asked } = benchWith(BOOT);
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ reason: BOOT.approval, plan: BOOT });
    expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'needs-approval' });
  });

  it('executes the new plan once it is approved', async () => {
    const { bench, carriedOut } = benchWith(BOOT, () => true);
    await bench.done(bench.engine.detectAndHeal());
    expect(carriedOut.at(-1)).toBe(BOOT.effect);
  });

  it.each([
    ['is the same', {}],
    ['needs no approval', { effect: 'something else', parameters: { other: true } }],
  ])('requests no approval when the new plan %s', async (_, other) => {
    const { bench, asked } = benchWith(other);
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(asked).toEqual([]);
    expect(result).toMatchObject({ outcome: 'skipped', error: REFUSED.error });
  });
});
