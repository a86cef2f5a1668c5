import { messageOf } from '../errors.js';
import { approvalOf, approve, ask, reject, type ApprovalRequest } from '../guard/approvals.js';
import type { Parts } from './parts.js';
import type { Prepared } from './prepare.js';

/** Asks a person about a prepared plan that nothing but the missing approval stands in the way of. */
export async function askFor(prepared: Prepared, parts: Parts): Promise<void> {
  const { issue, plan, digest } = prepared;
  if (plan === undefined || digest === undefined || parts.dryRun) return;
  const { ledger, guards, emit, clock, logger } = parts;
  if (approvalOf(ledger.state, digest)) return;
  const { component } = issue;
  const { action, approval: reason = '' } = plan;
  await ledger.write((state, askedAt) => ask(state, { digest, component, action, reason, askedAt }));
  const asked = approvalOf(ledger.state, digest);
  if (asked === undefined) return;
  const { id } = asked;
  const lapsesAt = new Date(clock.now() + guards.approval.lapseMs);
  const request: ApprovalRequest = Object.freeze({ id, issue, plan, reason, lapsesAt });
  emit('approval:asked', { request });
  if (parts.approve === undefined) return;
  try {
    const yes = (await parts.approve(request)) === true;
    await ledger.write((state, now) =>
      yes ? approve(state, id) : reject(state, id, now, guards, clock.random()),
    );
  } catch (error) {
    // Nobody said no: the question stays open, and lapses.
    logger.error(`\`approve\` could not answer about ${component}: ${messageOf(error)}`);
  }
}
