import type { HelperRequest } from '../../execute/helper-protocol.js';
import { digestOf, approvalId } from '../../memory/approvals.js';
import { CHANGES_GENERATION } from '../../memory/generations.js';
import type { Block, Plan } from '../../model/plan.js';
import type { Approver, HelperPolicy } from './policy.js';
import type { PersonApproval } from './person-approvals.js';
import { commandFor } from '../../model/operator-command.js';

/** Returns who approves an action that the policy does not list in `approvedBy`. */
const defaultApprover = (action: string): Approver =>
  CHANGES_GENERATION.includes(action) ? 'person' : 'daemon';

/**
 * Returns who has to approve a plan: `daemon` where an approval on the dashboard or with the control command is enough.
 * A plan that could trigger an emergency action of systemd always needs a person. Pure.
 */
export function approverOf(
  { action, effects }: Plan,
  { approvedBy, allowApprovals }: Pick<HelperPolicy, 'approvedBy' | 'allowApprovals'>,
): Approver {
  const mayReboot = effects !== undefined && effects.emergency.length > 0;
  if (!allowApprovals || mayReboot) return 'person';
  return approvedBy.get(action) ?? defaultApprover(action);
}

/** Marks a plan that only a person may approve, so that it can be displayed. Pure. */
export function withApprover(plan: Plan, policy: HelperPolicy): Plan {
  const isForPerson = plan.approval !== undefined && approverOf(plan, policy) === 'person';
  return isForPerson ? Object.freeze({ ...plan, approvedBy: 'person' as const }) : plan;
}

/** Returns a block if a plan needs an approval that it does not have. Pure, except that it reads the approvals. */
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
