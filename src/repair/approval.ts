import { sleepsOnly } from '../base/clock.js';
import { isSelfHealingError, messageOf } from '../base/errors.js';
import { expectBoolean } from '../base/expect.js';
import { within } from '../base/within.js';
import {
  approvalOf,
  approve,
  requestApproval,
  removeApproval,
  reject,
  type ApprovalRequest,
} from '../memory/approvals.js';
import type { Issue } from '../model/issue.js';
import type { Plan } from '../model/plan.js';
import type { Planned } from './judge.js';
import type { EnginePorts } from './ports.js';

/** Sources of a request for approval. */
export interface ApprovalSources extends Pick<
  EnginePorts,
  'ledger' | 'guards' | 'clock' | 'logger' | 'approve' | 'emit'
> {
  /** Called when approval of a plan is requested. */
  readonly asked: (plan: Plan) => void;
  readonly signal: AbortSignal;
}

/** Requests approval of a plan that is blocked by nothing else. */
export async function askFor(
  issue: Issue,
  { plan, digest }: Planned,
  sources: ApprovalSources,
): Promise<void> {
  const { ledger, guards, clock, signal } = sources;
  if (approvalOf(ledger.state, digest)) return;
  const { component } = issue;
  const { action, approval: reason = '' } = plan;
  try {
    await ledger.write((state, askedAt) =>
      requestApproval(state, { digest, component, action, reason, askedAt }),
    );
  } catch (error) {
    ledger.note((state) => removeApproval(state, digest));
    throw error;
  }
  const asked = approvalOf(ledger.state, digest);
  if (asked === undefined) return;
  const { id } = asked;
  const lapsesAt = new Date(clock.now() + guards.approval.lapseMs);
  const request: ApprovalRequest = Object.freeze({ id, issue, plan, reason, lapsesAt });
  sources.asked(plan);
  sources.emit('approval:asked', { request });
  const approval = sources.approve;
  if (approval === undefined) return;
  try {
    // An expired request is rejected; a stopped engine leaves it open. The timer keeps the process alive.
    const limit = { ms: guards.approval.lapseMs, clock: sleepsOnly(clock), signal };
    const answer = await within(limit, () => approval(request)).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      if (isSelfHealingError(error) && error.code === 'timeout') return false;
      throw error;
    });
    if (answer === undefined) return;
    expectBoolean('the answer of `approve`', answer);
    await ledger.write((state, now) =>
      answer === true ? approve(state, id) : reject(state, id, now, guards, clock.random()),
    );
  } catch (error) {
    // Not a rejection: the request stays open until it expires.
    sources.logger.error(`\`approve\` failed for ${component}: ${messageOf(error)}`);
  }
}
