import type { HelperRequest } from '../../execute/helper-protocol.js';
import { digestOf, approvalId } from '../../memory/approvals.js';
import { CHANGES_GENERATION } from '../../memory/generations.js';
import type { Block, Plan } from '../../model/plan.js';
import type { Approver, HelperPolicy } from './policy.js';
import type { PersonApproval } from './person-approvals.js';
import { commandFor } from '../../model/operator-command.js';

/** Who approves an action unless the policy says otherwise. */
const defaultApprover = (action: string): Approver =>
  CHANGES_GENERATION.includes(action) ? 'person' : 'daemon';

/**
 * Returns who has to approve a plan: `daemon` where the daemon's word counts that somebody did, on its page or with its
 * control command. A plan that could meet an emergency action of systemd is always for a person. Pure.
 */
export function approverOf(
  { action, effects }: Plan,
  { approvedBy, allowApprovals }: Pick<HelperPolicy, 'approvedBy' | 'allowApprovals'>,
): Approver {
  const mayReboot = effects !== undefined && effects.emergency.length > 0;
  if (!allowApprovals || mayReboot) return 'person';
  return approvedBy.get(action) ?? defaultApprover(action);
}

/** Marks a plan that only a person may approve, for those who show it. Pure. */
export function withApprover(plan: Plan, policy: HelperPolicy): Plan {
  const isForPerson = plan.approval !== undefined && approverOf(plan, policy) === 'person';
  return isForPerson ? Object.freeze({ ...plan, approvedBy: 'person' as const }) : plan;
}

/** Judges whether a plan that needs approval has it. Pure, but for the record that is read. */
export function judgeApproval(
  plan: Plan,
  request: HelperRequest,
  find: (digest: string) => PersonApproval | undefined,
): Block | undefined {
  if (plan.approval === undefined) return undefined;
  if (plan.approvedBy !== 'person' && request.approved === true) return undefined;
  const digest = digestOf(plan);
  if (find(digest) !== undefined) return undefined;
  const how =
    plan.approvedBy === 'person'
      ? `; only a person on this host may approve it: ${commandFor(approvalId(digest))}`
      : '';
  return { reason: 'needs-approval', sentence: `${plan.approval}${how}` };
}
