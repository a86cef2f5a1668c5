import { messageOf } from '../errors.js';
import { expectBoolean } from '../expect.js';
import { approvalOf, approve, ask, forget, reject, type ApprovalRequest } from '../guard/approvals.js';
import type { Parts } from './parts.js';
import type { Prepared } from './prepare.js';

/** Asks a person about a prepared plan that nothing but the missing approval stands in the way of. */
export async function askFor(prepared: Prepared, parts: Parts, signal: AbortSignal): Promise<void> {
  const { issue, plan, digest } = prepared;
  if (plan === undefined || digest === undefined || parts.dryRun) return;
  const { ledger, guards, emit, clock, logger } = parts;
  if (approvalOf(ledger.state, digest)) return;
  const { component } = issue;
  const { action, approval: reason = '' } = plan;
  try {
    await ledger.write((state, askedAt) => ask(state, { digest, component, action, reason, askedAt }));
  } catch (error) {
    ledger.note((state) => forget(state, digest));
    throw error;
  }
  const asked = approvalOf(ledger.state, digest);
  if (asked === undefined) return;
  const { id } = asked;
  const lapsesAt = new Date(clock.now() + guards.approval.lapseMs);
  const request: ApprovalRequest = Object.freeze({ id, issue, plan, reason, lapsesAt });
  emit('approval:asked', { request });
  if (parts.approve === undefined) return;
  try {
    const answer = await Promise.race([parts.approve(request), silence(parts, signal)]);
    if (answer === undefined) return;
    expectBoolean('the answer of `approve`', answer);
    await ledger.write((state, now) =>
      answer === true ? approve(state, id) : reject(state, id, now, guards, clock.random()),
    );
  } catch (error) {
    // Nobody said no: the question stays open, and lapses.
    logger.error(`\`approve\` could not answer about ${component}: ${messageOf(error)}`);
  }
}

/** Whoever never answers is not waited for longer than the question stands, nor when the engine is told to stop. */
async function silence({ clock, guards }: Parts, signal: AbortSignal): Promise<false | undefined> {
  try {
    await clock.sleep(guards.approval.lapseMs, signal);
    return false;
  } catch {
    return undefined;
  }
}
