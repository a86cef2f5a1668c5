import { sleepsOnly, type Clock } from '../base/clock.js';
import { isSelfHealingError, messageOf } from '../base/errors.js';
import { expectBoolean } from '../base/expect.js';
import type { EngineEvents } from '../report/events.js';
import {
  approvalOf,
  approve,
  requestApproval,
  removeApproval,
  reject,
  type ApprovalRequest,
} from '../memory/approvals.js';
import type { Guards } from '../model/guards.js';
import type { Ledger } from '../memory/ledger.js';
import type { Logger } from '../base/logger.js';
import { within } from '../base/within.js';
import type { Choice } from './choose.js';
import type { Planned } from './judge.js';

/** Asks a person whether a plan may be carried out. */
export type Approve = (request: ApprovalRequest) => boolean | Promise<boolean>;

/** Sources of a request for approval. */
export interface ApprovalSources {
  readonly ledger: Ledger;
  readonly guards: Guards;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly approve: Approve | undefined;
  readonly asked: (event: EngineEvents['approval:asked']) => void;
}

/** Requests approval of a plan that is blocked by nothing else. */
export async function askFor(
  { issue, plan, digest }: Pick<Choice, 'issue'> & Planned,
  sources: ApprovalSources,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, guards, clock, logger } = sources;
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
  sources.asked({ request });
  if (sources.approve === undefined) return;
  const approval = sources.approve;
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
    logger.error(`\`approve\` failed for ${component}: ${messageOf(error)}`);
  }
}
