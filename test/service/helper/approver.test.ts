import { describe, expect, it } from 'vitest';
import { NO_EFFECTS } from '../../../src/model/effects.js';
import { digestOf, approvalId } from '../../../src/memory/approvals.js';
import type { HelperRequest } from '../../../src/execute/helper-protocol.js';
import { approverOf, judgeApproval, withApprover } from '../../../src/service/helper/approver.js';
import { parsePolicy } from '../../../src/service/helper/policy.js';
import type { PersonApproval } from '../../../src/service/helper/person-approvals.js';
import { planOf } from '../../make.js';

const policyOf = (more: object) =>
  parsePolicy({ version: 1, actions: ['restart_service'], services: 'failed', ...more });
const request: HelperRequest = { version: 1, do: 'execute', action: 'restart_service', parameters: {} };
const EMERGENCY = { ...NO_EFFECTS, emergency: ['nginx.service: FailureAction=reboot'] };

describe('the approver of a plan', () => {
  it.each([
    ['restart_service', {}, 'person'],
    ['restart_service', { allowApprovals: true }, 'daemon'],
    ['clear_system_cache', { allowApprovals: true }, 'daemon'],
    ['rollback_generation', { allowApprovals: true }, 'person'],
    ['rebuild_system', { allowApprovals: true }, 'person'],
    ['rebuild_system', { allowApprovals: true, approvedBy: { rebuild_system: 'daemon' } }, 'daemon'],
    ['rebuild_system', { approvedBy: { rebuild_system: 'daemon' } }, 'person'],
    ['restart_service', { allowApprovals: true, approvedBy: { restart_service: 'person' } }, 'person'],
  ])('is %s with the policy %j: %s', (action, more, approver) => {
    expect(approverOf(planOf({ action }), policyOf(more))).toBe(approver);
  });

  it('is always a person if systemd could reboot the host', () => {
    const policy = policyOf({ allowApprovals: true, approvedBy: { restart_service: 'daemon' } });
    expect(approverOf(planOf({ action: 'restart_service', effects: EMERGENCY }), policy)).toBe('person');
    expect(approverOf(planOf({ action: 'restart_service', effects: NO_EFFECTS }), policy)).toBe('daemon');
  });

  it('is named in the plan only if the plan needs it', () => {
    expect(withApprover(planOf({}), policyOf({}))).not.toHaveProperty('approvedBy');
    expect(withApprover(planOf({ approval: 'ask' }), policyOf({}))).toMatchObject({ approvedBy: 'person' });
    const plan = planOf({ approval: 'ask' });
    expect(digestOf(withApprover(plan, policyOf({})))).toBe(digestOf(plan));
  });

  it('is not named in a plan that may be approved through the daemon', () => {
    const plan = planOf({ approval: 'ask' });
    expect(withApprover(plan, policyOf({ allowApprovals: true }))).toBe(plan);
  });
});

describe('the approval of a plan', () => {
  const forPerson = withApprover(planOf({ action: 'restart_service', approval: 'ask' }), policyOf({}));
  const forDaemon = planOf({ action: 'restart_service', approval: 'ask' });
  const record = { uid: 1_000 } as PersonApproval;
  const none = () => undefined;

  it('is not needed if the plan requires none', () => {
    expect(judgeApproval(planOf({}), request, none)).toBeUndefined();
  });

  it('by a person is not replaced by an approval through the daemon', () => {
    expect(judgeApproval(forPerson, { ...request, approved: true }, none)).toEqual({
      reason: 'needs-approval',
      sentence: `ask; only a person on this host may approve it: luminous-healing approve ${approvalId(digestOf(forPerson))}`,
    });
    expect(judgeApproval(forPerson, request, () => record)).toBeUndefined();
  });

  it('is looked up by the fingerprint of the helper’s own plan', () => {
    const asked: string[] = [];
    judgeApproval(forPerson, { ...request, digest: 'f'.repeat(64) }, (digest) => void asked.push(digest));
    expect(asked).toEqual([digestOf(forPerson)]);
  });

  it('is given through the daemon or by a person where the daemon is the approver', () => {
    expect(judgeApproval(forDaemon, request, none)).toEqual({ reason: 'needs-approval', sentence: 'ask' });
    expect(judgeApproval(forDaemon, { ...request, approved: false }, none)).toMatchObject({
      reason: 'needs-approval',
    });
    expect(judgeApproval(forDaemon, { ...request, approved: true }, none)).toBeUndefined();
    expect(judgeApproval(forDaemon, request, () => record)).toBeUndefined();
  });
});
