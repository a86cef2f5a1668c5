import { actionNamed, actionRegistry } from '../../actions/registry.js';
import { isSelfHealingError, messageOf } from '../../base/errors.js';
import { runAct } from '../../execute/run-act.js';
import type { HelperRequest } from '../../execute/helper-protocol.js';
import { makePlan } from '../../execute/planner.js';
import { startWithNode } from '../../execute/start-with-node.js';
import { digestOf } from '../../memory/approvals.js';
import { NO_HISTORY, type Generations } from '../../memory/generations.js';
import { DEFAULT_GUARDS } from '../../model/guards.js';
import { CHANGES_GENERATION } from '../../memory/generations.js';
import { judgeSafety } from '../../gates/safety.js';
import { refusalIn } from '../../execute/switch-end.js';
import type { Host } from '../../host/host.js';
import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import type { Block, HealingAction, Plan } from '../../model/plan.js';
import type { ActBook } from './act-book.js';
import { judgeApproval, withApprover } from './approver.js';
import { historyFrom } from './history.js';
import { actOf, actsThatCount, asOfNow, judgeLimits } from './limits.js';
import type { BootTime } from './boot-time.js';
import type { PersonApprovals } from './person-approvals.js';
import type { HelperPolicy } from './policy.js';
import { executionOf, type Execution, type StepReport } from '../../model/execution.js';

/** The documented ones, and no others: what a host program adds runs in that program. */
const ACTIONS = actionRegistry();

/** What an answer is made with. */
export interface AnswerSources {
  readonly policy: HelperPolicy;
  readonly host: Host;
  readonly book: ActBook;
  readonly approvals: PersonApprovals;
  /** User who asks, as the kernel says. */
  readonly uid: number;
  /** Who is on the other side: an engine that asks for repairs, or a person who approves them. */
  readonly asks: 'engine' | 'person';
  /** Reads what an engine claims to have on record. */
  readonly record: (path: string) => Reading<Generations>;
  /** Reads the clocks. */
  readonly now: () => BootTime;
  /** Ends the planning, which may read slow things. */
  readonly planWithin: AbortSignal;
  /** Starts no new step, and ends those that may be interrupted. */
  readonly signal: AbortSignal;
}

/**
 * Answers one request: plans it by what is so on this host now, judges it by the safety gates, the policy and the
 * limits, and carries it out or records a person's approval if that was asked for. What was read elsewhere counts for nothing here. Never rejects.
 */
export async function answerTo(request: HelperRequest, parts: AnswerSources): Promise<Execution> {
  const start = performance.now();
  const dryRun = request.do === 'plan';
  const answer = (fields: Parameters<typeof executionOf>[1]): Execution =>
    executionOf(request.action, { ...fields, dryRun, durationMs: performance.now() - start });
  const skipped = ({ reason, sentence }: Block, plan?: Plan): Execution =>
    answer({ outcome: 'skipped', ...(plan ? { plan } : {}), blockedBy: reason, error: sentence });
  try {
    const unlisted = judgeAction(request, parts.policy);
    if (unlisted) return skipped(unlisted);
    if (request.do === 'execute') await parts.book.lock();
    const { action, parameters } = request;
    const plan = withApprover(await planOf({ action, parameters }, parts), parts.policy);
    const block = judge(plan, request, parts);
    if (block) return skipped(block, plan);
    if (request.do === 'approve') await approve(plan, parts);
    if (request.do !== 'execute') return answer({ outcome: 'planned', plan });
    const unwritten = await writeDown(plan, request, parts);
    if (unwritten) return skipped(unwritten, plan);
    const act = {
      definition: await actionNamed(action, ACTIONS),
      planOf: (next: HealingAction, signal: AbortSignal, earlier?: readonly StepReport[]) =>
        planOf(next, { ...parts, planWithin: signal }, earlier),
      admits: (next: Plan) => judgeSafety(next, parts.policy.units, { approved: true }) === undefined,
      start: startWithNode,
      signal: parts.signal,
    };
    const result = await runAct(plan, { action, parameters }, act);
    if (result.outcome === 'skipped') await takeOut(refusalIn(result.steps), parts);
    return answer({ plan, ...result });
  } catch (error) {
    if (isSelfHealingError(error) && error.code === 'locked') {
      return skipped({ reason: 'in-flight', sentence: 'Another root helper is at work: nothing was done' });
    }
    return answer({ outcome: 'failed', error: messageOf(error) });
  } finally {
    await parts.book.release();
  }
}

function judgeAction({ action }: HelperRequest, { actions }: HelperPolicy): Block | undefined {
  if (actions.includes(action)) return undefined;
  const sentence = `The policy of the root helper does not list \`${action}\` in \`actions\``;
  return { reason: 'not-allowed', sentence };
}

async function planOf(
  action: HealingAction,
  parts: AnswerSources,
  earlier?: readonly StepReport[],
): Promise<Plan> {
  const { policy, host, planWithin } = parts;
  const services = [...(policy.units.services?.values() ?? [])];
  const history = CHANGES_GENERATION.includes(action.action) ? await historyOf(parts) : NO_HISTORY;
  const { thresholds, mounts, nix } = policy;
  const given = {
    host,
    actions: ACTIONS,
    thresholds,
    mounts,
    services,
    nix,
    history,
    refusalOf: refusalFrom(parts),
  };
  return makePlan(action, given, planWithin, earlier);
}

/** What an engine has on record counts as far as root can read the same. */
async function historyOf({ policy, host, book, record, now, planWithin }: AnswerSources) {
  const { system } = await host.read({ parts: ['system'], signal: planWithin });
  const claimed =
    policy.record === undefined
      ? unknown('the policy of the root helper names no `record`')
      : record(policy.record);
  const nixos = isUnknown(system) ? system : system.nixos;
  const { evidence } = DEFAULT_GUARDS;
  const moment = now();
  return historyFrom({ claimed, nixos, acts: asOfNow(actsIn(book), moment), evidence, now: moment.at });
}

/** A book that cannot be read tells of no change; and nothing is done by it, which is said where the limits are judged. */
function actsIn(book: ActBook) {
  try {
    return book.read();
  } catch {
    return [];
  }
}

/** The gates of every executor first; then what only root can say. Pure, but for the book that is read. */
function judge(plan: Plan, request: HelperRequest, parts: AnswerSources): Block | undefined {
  const { policy, book, now } = parts;
  if (request.digest !== undefined && request.digest !== digestOf(plan)) {
    const sentence = `The root helper would do something else for \`${plan.action}\` by now: plan it again`;
    return { reason: 'unavailable', sentence };
  }
  const safety = judgeSafety(plan, policy.units, { approved: true });
  if (safety) return byPolicy(safety);
  const unapproved =
    parts.asks === 'person' ? needless(plan) : judgeApproval(plan, request, approvalIn(parts));
  if (unapproved) return unapproved;
  let acts;
  try {
    acts = book.read();
  } catch (error) {
    const sentence = `The root helper cannot read what it has done lately, and so does nothing: ${messageOf(error)}`;
    return { reason: 'unavailable', sentence };
  }
  const moment = now();
  return judgeLimits(plan, asOfNow(acts, moment), policy.limits, moment.at);
}

/** Nobody is to approve what needs no approval: what would come of it is not what a person expects. */
function needless({ approval, action }: Plan): Block | undefined {
  if (approval !== undefined) return undefined;
  return { reason: 'unavailable', sentence: `\`${action}\` needs no approval as it is planned now` };
}

const approvalIn =
  ({ approvals, now }: AnswerSources) =>
  (digest: string) =>
    approvals.find(digest, now());

/** Records that a person has approved exactly this plan. */
async function approve(plan: Plan, { approvals, uid, now }: AnswerSources): Promise<void> {
  await approvals.add({ ...now(), digest: digestOf(plan), action: plan.action, uid });
}

/** Before the act: one that cannot be written down would not count, and an approval is used up. */
async function writeDown(
  plan: Plan,
  request: HelperRequest,
  parts: AnswerSources,
): Promise<Block | undefined> {
  const { book, approvals, now } = parts;
  const at = now();
  try {
    // Where the daemon's word is enough, nothing of a person's is used up.
    const byDaemon = judgeApproval(plan, request, () => undefined) === undefined;
    const approval = byDaemon ? undefined : approvals.find(digestOf(plan), at);
    await book.write([...actsThatCount(book.read(), at), actOf(plan, at, approval?.uid)]);
    if (!byDaemon) approvals.take(digestOf(plan));
    return undefined;
  } catch (error) {
    const sentence = `The root helper cannot write down what it is about to do, and so does nothing: ${messageOf(error)}`;
    return { reason: 'unavailable', sentence };
  }
}

/** Removes the last act from the book because it changed nothing. Its refusal is kept until the next boot. */
async function takeOut(refused: string | undefined, { book }: AnswerSources): Promise<void> {
  const acts = book.read();
  const last = acts.at(-1);
  if (last === undefined) return;
  await book.write([...acts.slice(0, -1), ...(refused === undefined ? [] : [{ ...last, refused }])]);
}

/** Returns why a system refused a switch since this boot, by the book. */
const refusalFrom =
  (parts: AnswerSources) =>
  (system: string): string | undefined => {
    const { boot } = parts.now();
    return actsIn(parts.book).findLast(
      (act) => act.refused !== undefined && act.generation?.to === system && act.boot === boot,
    )?.refused;
  };

/** Whoever reads it has a list of services of their own, too. */
const byPolicy = ({ reason, sentence }: Block): Block => ({
  reason,
  sentence: reason === 'not-allowed' ? `By the policy of the root helper: ${sentence}` : sentence,
});
