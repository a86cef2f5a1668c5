import { describe, expect, it } from 'vitest';
import {
  actOf,
  actsThatCount,
  asOfNow,
  judgeLimits,
  type HelperAct,
} from '../../../src/service/helper/limits.js';
import type { BootTime } from '../../../src/service/helper/boot-time.js';
import { peerOf } from '../../../src/service/helper/peer.js';
import type { Plan } from '../../../src/model/plan.js';

const HOUR = 3_600_000;
const NOW = 100 * HOUR;
const MOMENT: BootTime = { at: NOW, boot: 'a', upMs: 50 * HOUR };
const LIMITS = { componentPerHour: 2, hostPerHour: 4, generationsPerDay: 1 };
const planOf = (action: string, ...ids: string[]): Plan => ({
  action,
  parameters: {},
  scope: 'host',
  risk: 'disruptive',
  targets: ids.map((id) => ({ kind: 'plain', id })),
  steps: [],
  effect: 'x',
  notes: [],
});
const RESTART = planOf('restart_service', 'nginx.service');
const act = (at: number, id = 'nginx.service', action = 'restart_service'): HelperAct => ({
  at,
  action,
  targets: [id],
});
const judge = (acts: readonly HelperAct[], plan = RESTART) => judgeLimits(plan, acts, LIMITS, NOW);

describe('the limits of the root helper', () => {
  it('let the first act pass, and those of an hour ago do not count', () => {
    expect(judge([])).toBeUndefined();
    expect(judge([act(NOW - HOUR), act(NOW - HOUR), act(NOW - 1)])).toBeUndefined();
  });

  it('hold per unit, and the refusal has the numbers and the time of the next act', () => {
    expect(judge([act(NOW - 20 * 60_000), act(NOW - 60_000)])).toEqual({
      reason: 'budget',
      sentence:
        '2 of 2 acts of the root helper on nginx.service in the last hour; the next may be made in 40 min',
    });
    expect(judge([act(NOW - 2), act(NOW - 1)], planOf('restart_service', 'redis.service'))).toBeUndefined();
  });

  it('count an act of less than an hour ago, by a millisecond, and acts in any order', () => {
    expect(judge([act(NOW - 60_000), act(NOW - HOUR + 1)])?.sentence).toContain(
      'the next may be made in 1 ms',
    );
    expect(judge([act(NOW - HOUR + 1), act(NOW - 60_000)])?.sentence).toContain(
      'the next may be made in 1 ms',
    );
  });

  it('hold per host, whatever the unit', () => {
    const acts = ['a', 'b', 'c', 'd'].map((id) => act(NOW - 60_000, id));
    expect(judge(acts)?.sentence).toBe(
      '4 of 4 acts of the root helper in the last hour; the next may be made in 59 min',
    );
  });

  it('allow one change of the generation a day, by whichever action', () => {
    const rollback = planOf('rollback_generation', 'system');
    expect(judge([act(NOW - 23 * HOUR, 'system', 'rebuild_system')], rollback)).toMatchObject({
      reason: 'budget',
      sentence: expect.stringContaining('changes of the generation') as string,
    });
    expect(judge([act(NOW - 24 * HOUR, 'system', 'rebuild_system')], rollback)).toBeUndefined();
    expect(judge([act(NOW - 1, 'system', 'rollback_generation')])).toBeUndefined();
  });

  it('allow the undo of a change on the same day if it needs no approval', () => {
    const undo = { ...planOf('rollback_generation', 'system'), parameters: { undo: true } };
    const acts = [act(NOW - 60_000, 'system', 'rollback_generation')];
    expect(judge(acts, undo)).toBeUndefined();
    expect(judge(acts, { ...undo, approval: 'ask' })?.reason).toBe('budget');
  });

  it('do not count a switch that the system refused before anything changed', () => {
    const rollback = planOf('rollback_generation', 'system');
    const refused = { ...act(NOW - 1, 'system', 'rollback_generation'), refused: 'dbus' };
    expect(judge([refused], rollback)).toBeUndefined();
    expect(judge([{ ...refused, refused: undefined } as never], rollback)?.reason).toBe('budget');
  });

  it('allow nothing if they are 0', () => {
    expect(judgeLimits(RESTART, [], { ...LIMITS, hostPerHour: 0 }, NOW)?.reason).toBe('budget');
  });

  it('look back a day and no further', () => {
    const acts = [act(NOW - 25 * HOUR), act(NOW - 23 * HOUR), act(NOW + HOUR)];
    const early: BootTime = { ...MOMENT, upMs: HOUR };
    expect(actsThatCount(acts, early)).toEqual(acts.slice(1));
    expect(actsThatCount(acts, MOMENT)).toEqual([]);
  });

  it('do not count an act of exactly a day ago in this boot', () => {
    const ago = (ms: number) => ({ ...act(NOW - ms), boot: 'a', upMs: MOMENT.upMs - ms });
    expect(actsThatCount([ago(24 * HOUR), ago(24 * HOUR - 1)], MOMENT)).toEqual([ago(24 * HOUR - 1)]);
  });

  it('use the time since an act in this boot, by the present wall clock', () => {
    const beforeJump = { ...act(NOW + 5 * HOUR), boot: 'a', upMs: MOMENT.upMs - HOUR };
    expect(asOfNow([beforeJump], MOMENT)).toEqual([{ ...beforeJump, at: NOW - HOUR }]);
  });

  it('are recorded with the person who approved an act', () => {
    expect(actOf(RESTART, MOMENT, 1_000)).toMatchObject({ approvedBy: 1_000 });
    expect(actOf(RESTART, MOMENT)).not.toHaveProperty('approvedBy');
  });

  it('are recorded with the targets of an act', () => {
    expect(actOf(RESTART, MOMENT)).toEqual({
      ...MOMENT,
      action: 'restart_service',
      targets: ['nginx.service'],
    });
  });

  it('are recorded with the systems before and after a generation change, and whether it was an undo', () => {
    const generation = { from: '/a', to: '/b', verb: 'switch' as const, units: [], failing: [] };
    const plan = { ...planOf('rollback_generation', 'system'), parameters: { undo: true }, generation };
    expect(actOf(plan, MOMENT)).toMatchObject({ undo: true, generation: { from: '/a', to: '/b' } });
  });
});

describe('the peer', () => {
  it.each([
    ['0-129-1000', 1000],
    ['17-4711-0', 0],
    ['3-1-4711-65534', 65_534],
  ])('of %s is the user %i', (instance, uid) => expect(peerOf(instance)).toBe(uid));

  it.each([
    undefined,
    '',
    '1000',
    '0-129-',
    '0-129-root',
    '0-129-1000 ',
    '0-129--',
    '0-1-99999999999',
    'a-٣',
  ])('of %j is refused', (instance) => expect(() => peerOf(instance)).toThrow('the id of a user'));
});
