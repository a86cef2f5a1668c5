import { describe, expect, it } from 'vitest';
import type { HealingResult } from '../../src/model/result.js';
import { attemptOf, laterResult, resultOf, type Ending } from '../../src/repair/result.js';
import { issueOf, planOf } from '../make.js';

const AT = Date.UTC(2025, 0, 1);
const CHOICE = { issue: issueOf(), action: { action: 'mend', parameters: {} }, rung: 0, attempts: [] };
const FACTS = { id: '7', endedAt: AT, durationMs: 20, dryRun: false };
const EARLIER = { action: 'shake', outcome: 'ineffective', durationMs: 5, error: 'no' } as const;
const result = (ending: Ending, more: object = {}): HealingResult =>
  resultOf({ ...CHOICE, ...more }, ending, FACTS);

describe('the result of a repair', () => {
  it.each<[Ending, object]>([
    [
      { outcome: 'fixed', proof: 'it runs' },
      { outcome: 'fixed', success: true, proof: 'it runs' },
    ],
    [
      { outcome: 'failed', error: 'it broke' },
      { outcome: 'failed', success: false, error: 'it broke' },
    ],
    [
      { outcome: 'pending', error: 'a job runs' },
      { outcome: 'pending', success: false, error: 'a job runs' },
    ],
    [
      { outcome: 'skipped', block: { reason: 'paused', sentence: 'paused by ann' } },
      { outcome: 'skipped', success: false, blockedBy: 'paused', error: 'paused by ann' },
    ],
  ])('of %j', (ending, expected) => {
    const {
      outcome: _outcome,
      success: _success,
      proof: _proof,
      ...rest
    } = expected as Record<string, unknown>;
    expect(result(ending)).toEqual({
      ...{
        id: '7',
        issue: CHOICE.issue,
        actionTaken: 'mend',
        durationMs: 20,
        timestamp: new Date(AT),
        dryRun: false,
      },
      attempts: [{ action: 'mend', outcome: ending.outcome, durationMs: 20, ...rest }],
      ...expected,
    });
  });

  it('has an error in its attempt only if there is one', () => {
    expect(attemptOf(CHOICE, { outcome: 'fixed', proof: 'it runs' }, 20)).not.toHaveProperty('error');
  });

  it('of a plan that was only made is a success with the plan', () => {
    const plan = planOf();
    expect(result({ outcome: 'planned' }, { plan })).toMatchObject({
      outcome: 'planned',
      success: true,
      plan,
    });
    expect(result({ outcome: 'planned' }, { plan }).attempts).toEqual([
      { action: 'mend', outcome: 'planned', durationMs: 20 },
    ]);
  });

  it('lists the earlier attempts before its own, and cannot be changed', () => {
    const found = result({ outcome: 'fixed', proof: 'x' }, { attempts: [EARLIER] });
    expect(found.attempts).toEqual([EARLIER, { action: 'mend', outcome: 'fixed', durationMs: 20 }]);
    for (const one of [found, found.attempts, found.attempts[1]]) expect(Object.isFrozen(one)).toBe(true);
  });

  it('has the plan only where one was made', () => {
    expect(result({ outcome: 'failed', error: 'x' })).not.toHaveProperty('plan');
    const plan = planOf();
    expect(result({ outcome: 'failed', error: 'x' }, { plan }).plan).toBe(plan);
  });

  it('of an attempt that was blocked names what blocked it', () => {
    const block = { reason: 'budget', sentence: 'spent' } as const;
    expect(attemptOf(CHOICE, { outcome: 'skipped', block }, 3)).toEqual({
      ...{ action: 'mend', outcome: 'skipped', durationMs: 3, blockedBy: 'budget', error: 'spent' },
    });
  });
});

describe('the later result of a repair that was pending', () => {
  const pending = result(
    { outcome: 'pending', error: 'a job runs' },
    { attempts: [EARLIER], plan: planOf() },
  );

  it('is fixed with its proof, the whole duration and no error left of the pending one', () => {
    expect(laterResult(pending, 'fixed', 'it runs', AT + 1_000)).toEqual({
      ...{ id: '7', issue: CHOICE.issue, actionTaken: 'mend', dryRun: false, plan: pending.plan },
      ...{
        outcome: 'fixed',
        success: true,
        proof: 'it runs',
        durationMs: 1_020,
        timestamp: new Date(AT + 1_000),
      },
      attempts: [EARLIER, { action: 'mend', outcome: 'fixed', durationMs: 1_020 }],
    });
  });

  it('is failed with its error, in the last attempt too', () => {
    const later = laterResult(pending, 'failed', 'it is down', AT + 1_000);
    expect(later).toMatchObject({ outcome: 'failed', success: false, error: 'it is down' });
    expect(later).not.toHaveProperty('proof');
    expect(later.attempts).toEqual([
      EARLIER,
      { action: 'mend', outcome: 'failed', durationMs: 1_020, error: 'it is down' },
    ]);
  });

  it('has one attempt, of the action taken, where the pending one had none; and no plan where it had none', () => {
    const { plan: _plan, ...bare } = { ...pending, attempts: [] };
    const later = laterResult(bare as HealingResult, 'fixed', 'it runs', AT);
    expect(later.attempts).toEqual([{ action: 'mend', outcome: 'fixed', durationMs: 20 }]);
    expect(later).not.toHaveProperty('plan');
  });
});
