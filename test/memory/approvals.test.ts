import { describe, expect, it } from 'vitest';
import { NO_EFFECTS } from '../../src/model/effects.js';
import {
  approvalOf,
  approve,
  requestApproval,
  digestOf,
  removeApproval,
  expireApprovals,
  reject,
} from '../../src/memory/approvals.js';
import { DEFAULT_GUARDS as guards } from '../../src/model/guards.js';
import { EMPTY_STATE, recordOf, type GuardState } from '../../src/memory/state.js';
import type { Step } from '../../src/model/plan.js';
import { planOf, unitTargetOf } from '../make.js';

const MINUTE = 60_000;

const command = (...argv: string[]): Step => ({
  kind: 'command',
  argv,
  needsRoot: true,
  timeoutMs: 1_000,
  interruptible: true,
});
const plan = planOf({ steps: [command('systemctl', 'restart', '--', 'nginx.service')] });
const digest = digestOf(plan);
const QUESTION = {
  digest,
  component: 'nginx',
  action: 'restart_service',
  reason: 'It is evening',
  askedAt: 0,
};
const asked = requestApproval(EMPTY_STATE, QUESTION);
const id = asked.approvals[0]!.id;
const backoff = (state: GuardState) => recordOf(state, 'nginx').backoff['restart_service'];

describe('the digest of a plan', () => {
  it('is the same for the same plan, in whatever state its target is', () => {
    expect(digestOf({ ...plan })).toBe(digest);
    expect(
      digestOf({ ...plan, targets: [unitTargetOf({ activeState: 'active' })], notes: ['Mind the gap'] }),
    ).toBe(digest);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['action', { action: 'reload_service' }],
    ['parameters', { parameters: { service: 'redis' } }],
    ['targets', { targets: [unitTargetOf({ id: 'redis.service' })] }],
    ['arguments', { steps: [command('systemctl', 'restart', '--', 'redis.service')] }],
    ['split of its arguments', { steps: [command('systemctl', 'restart -- nginx.service')] }],
    ['number of steps', { steps: [...plan.steps, ...plan.steps] }],
    ['environment', { steps: [{ ...plan.steps[0]!, env: { A: '1' } } as Step] }],
    ['condition of a step', { steps: [{ ...plan.steps[0]!, onlyIf: 'start-limit-hit' } as Step] }],
    [
      'system to switch to',
      { generation: { from: '/a', to: '/b', verb: 'switch' as const, units: [], failing: [] } },
    ],
    [
      'unit that goes along',
      {
        effects: {
          ...NO_EFFECTS,
          touches: [
            { id: 'a.service', names: ['a.service'], how: 'stopped' as const, refuseManualStart: false },
          ],
        },
      },
    ],
    ['emergency action', { effects: { ...NO_EFFECTS, emergency: ['a.service: SuccessAction=reboot'] } }],
    ['standard input', { steps: [{ ...plan.steps[0]!, input: 'yes' } as Step] }],
  ])('differs for a plan with another %s', (_what, change) => {
    expect(digestOf({ ...plan, ...change })).not.toBe(digest);
  });

  const SWITCH = { from: '/a', to: '/b', verb: 'switch', units: [], failing: [] } as const;
  it.each([
    ['system to leave', { from: '/c' }],
    ['system to go to', { to: '/c' }],
    ['time at which it takes effect', { verb: 'boot' as const }],
  ])('differs for a switch with another %s', (_what, change) => {
    const digests = [SWITCH, { ...SWITCH, ...change }].map((generation) => digestOf({ ...plan, generation }));
    expect(digests[0]).not.toBe(digests[1]);
  });

  const TOUCHED = {
    id: 'a.service',
    names: ['a.service'],
    how: 'stopped',
    refuseManualStart: false,
  } as const;
  it.each([
    ['unit', { id: 'b.service' }],
    ['effect on it', { how: 'restarted' as const }],
  ])('differs for another unit that goes along: another %s', (_what, change) => {
    const digests = [TOUCHED, { ...TOUCHED, ...change }].map((touched) =>
      digestOf({ ...plan, effects: { ...NO_EFFECTS, touches: [touched] } }),
    );
    expect(digests[0]).not.toBe(digests[1]);
  });

  it('differs for a call of another function of the host program', () => {
    const call = (name: string): Step => ({
      ...{ kind: 'call', name, run: () => undefined, timeoutMs: 1_000, interruptible: true },
    });
    expect(digestOf({ ...plan, steps: [call('restart the pool')] })).not.toBe(
      digestOf({ ...plan, steps: [call('drop the pool')] }),
    );
  });

  it('differs for the same content written to another file', () => {
    const write = (path: string, content: string): Step => ({
      kind: 'write',
      path,
      content,
      needsRoot: true,
      timeoutMs: 1_000,
      interruptible: true,
    });
    const digests = [write('/a', 'b'), write('/a', 'c'), write('/b', 'b')].map((step) =>
      digestOf({ ...plan, steps: [step] }),
    );
    expect(new Set(digests).size).toBe(3);
  });
});

describe('a request for approval', () => {
  it('has an id that can be typed, and is made once', () => {
    const once = requestApproval(EMPTY_STATE, QUESTION);
    expect(once.approvals).toEqual([{ ...QUESTION, id: digest.slice(0, 8), answer: 'waiting' }]);
    expect(requestApproval(once, { ...QUESTION, askedAt: 5 })).toBe(once);
  });

  it('is added to those that are waiting', () => {
    const both = requestApproval(asked, { ...QUESTION, digest: 'f'.repeat(64) });
    expect(both.approvals.map((approval) => approval.digest)).toEqual([digest, 'f'.repeat(64)]);
    expect(approve(both, id).approvals.map(({ answer }) => answer)).toEqual(['yes', 'waiting']);
  });

  it('is approved for this exact plan only', () => {
    const answered = approve(asked, id);
    expect(approvalOf(answered, digest)?.answer).toBe('yes');
    expect(approvalOf(answered, digestOf({ ...plan, parameters: { service: 'redis' } }))).toBeUndefined();
    expect(approve(asked, 'nothing')).toEqual(asked);
  });

  it('that is rejected is removed, with the backoff of an ineffective repair', () => {
    const refused = reject(asked, id, MINUTE, guards, 0);
    expect(refused.approvals).toEqual([]);
    expect(backoff(refused)).toEqual({ count: 1, since: MINUTE, until: 2 * MINUTE });
    expect(recordOf(refused, 'nginx').failures).toBe(0);
    expect(backoff(reject(requestApproval(refused, QUESTION), id, 0, guards, 0))?.until).toBe(2 * MINUTE);
    expect(reject(asked, 'nothing', 0, guards, 0)).toBe(asked);
  });

  it.each([
    ['waiting', asked],
    ['yes', approve(asked, id)],
  ])('with the answer %s is rejected automatically after 15 minutes', (_answer, state) => {
    expect(expireApprovals(state, 15 * MINUTE - 1, guards, 0)).toBe(state);
    const lapsed = expireApprovals(state, 15 * MINUTE, guards, 0);
    expect(lapsed.approvals).toEqual([]);
    expect(backoff(lapsed)?.until).toBe(16 * MINUTE);
  });

  it('is rejected automatically 15 minutes after it was made, not earlier', () => {
    const late = requestApproval(EMPTY_STATE, { ...QUESTION, askedAt: 10 * MINUTE });
    expect(expireApprovals(late, 25 * MINUTE - 1, guards, 0)).toBe(late);
    expect(expireApprovals(late, 25 * MINUTE, guards, 0).approvals).toEqual([]);
  });

  it('that is no longer needed is removed without a backoff', () => {
    expect(removeApproval(asked, digest)).toEqual({ ...EMPTY_STATE, approvals: [] });
  });
});
