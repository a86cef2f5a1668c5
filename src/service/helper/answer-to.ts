import { actionNamed, actionRegistry } from '../../actions/registry.js';
import { isSelfHealingError, messageOf } from '../../base/errors.js';
import { runAct } from '../../execute/run-act.js';
import type { HelperRequest } from '../../execute/helper-protocol.js';
import { makePlan } from '../../execute/planner.js';
import type { StartProgram } from '../../execute/start-program.js';
import { startWithNode } from '../../execute/start-with-node.js';
import { digestOf } from '../../memory/approvals.js';
import { DEFAULT_GUARDS } from '../../model/guards.js';
import { CHANGES_GENERATION, NO_HISTORY, type Generations } from '../../memory/generations.js';
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

/** Only the documented actions: those that a host program adds run in that program. */
const ACTIONS = actionRegistry();

/** Readers, records and limits that a request is answered with. */
export interface AnswerSources {
  readonly policy: HelperPolicy;
  readonly host: Host;
  readonly book: ActBook;
  readonly approvals: PersonApprovals;
  /** User who connected, as reported by the kernel. */
  readonly uid: number;
  /** Kind of client: an engine that requests repairs, or a person who approves them. */
  readonly asks: 'engine' | 'person';
  /** Reads the generations that an engine recorded. They are a claim. */
  readonly record: (path: string) => Reading<Generations>;
  readonly now: () => BootTime;
  /** Deadline of planning, whose reads may be slow. */
  readonly planWithin: AbortSignal;
  /** When aborted, no new step starts and interruptible steps end. */
  readonly signal: AbortSignal;
  /** Starts the commands. Default: with `node:child_process`. */
  readonly start?: StartProgram;
}

/**
 * Answers one request: plans it from the helper's own readings, judges the plan by the safety gates, the policy and the
 * limits, and executes it or records a person's approval if the request asks for that. Never rejects.
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
      start: parts.start ?? startWithNode,
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
  const { thresholds, mounts, nix } = policy;
  const services = [...(policy.units.services?.values() ?? [])];
  const history = CHANGES_GENERATION.includes(action.action) ? await historyOf(parts) : NO_HISTORY;
  const refusalOf = refusalFrom(parts);
  const given = { host, actions: ACTIONS, thresholds, mounts, services, nix, history, refusalOf };
  return makePlan(action, given, planWithin, earlier);
}

/** Returns the engine's record of generations as far as root's own readings confirm it. */
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

/** Returns the acts in the book, none where it cannot be read: {@link judge} then refuses every plan. */
function actsIn(book: ActBook) {
  try {
    return book.read();
  } catch {
    return [];
  }
}

/** Judges a plan by the gates of every executor, then by the helper's approvals and limits. Pure, except that it reads the book. */
function judge(plan: Plan, request: HelperRequest, parts: AnswerSources): Block | undefined {
  const { policy, book, now } = parts;
  if (request.digest !== undefined && request.digest !== digestOf(plan)) {
    const sentence = `The root helper would do something else for \`${plan.action}\` by now: plan it again`;
    return { reason: 'unavailable', sentence };
  }
  const safety = judgeSafety(plan, policy.units, { approved: true });
  if (safety) return byPolicy(safety);
  const unapproved =
    parts.asks === 'person'
      ? needless(plan)
      : judgeApproval(plan, request, (digest) => parts.approvals.find(digest, now()));
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

/** Refuses to approve a plan that needs no approval: the plan may have changed since the person saw it. */
function needless({ approval, action }: Plan): Block | undefined {
  if (approval !== undefined) return undefined;
  return { reason: 'unavailable', sentence: `\`${action}\` needs no approval as it is planned now` };
}

/** Records a person's approval of exactly this plan. */
async function approve(plan: Plan, { approvals, uid, now }: AnswerSources): Promise<void> {
  await approvals.add({ ...now(), digest: digestOf(plan), action: plan.action, uid });
}

/** Records an act and uses up its approval, before the act: an unrecorded act would not count towards the limits. */
async function writeDown(
  plan: Plan,
  request: HelperRequest,
  parts: AnswerSources,
): Promise<Block | undefined> {
  const { book, approvals, now } = parts;
  const at = now();
  try {
    // Where the daemon's approval is enough, a person's approval is not used up.
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

/** Names the helper's policy in a refusal, because the engine that reads it has a list of services too. */
const byPolicy = ({ reason, sentence }: Block): Block => ({
  reason,
  sentence: reason === 'not-allowed' ? `By the policy of the root helper: ${sentence}` : sentence,
});
