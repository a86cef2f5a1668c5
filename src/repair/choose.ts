import { messageOf } from '../base/errors.js';
import { refuseDryRunIn } from '../execute/execute-options.js';
import { digestOf } from '../memory/approvals.js';
import type { Issue } from '../model/issue.js';
import { owned } from '../base/pending.js';
import type { Block, BlockReason, HealingAction, Plan } from '../model/plan.js';
import type { Resolver } from '../resolve/resolver.js';
import type { Attempt } from '../model/result.js';
import type { Judge, Planned } from './judge.js';
import type { PlanMemory } from './plan-memory.js';
import type { EnginePorts } from './ports.js';
import { isBuiltInCheck, NO_ACTION } from '../model/built-in-checks.js';

/** Action that was chosen for an issue, with its plan, or the reason why nothing is done. */
export interface Choice {
  readonly issue: Issue;
  readonly action: HealingAction;
  /** Number of rungs before this one. */
  readonly rung: number;
  readonly plan?: Plan;
  readonly digest?: string;
  readonly block?: Block;
  /** Error in choosing or planning. */
  readonly error?: string;
  /** Rungs of this cycle that were skipped, or made it worse. */
  readonly attempts: readonly Attempt[];
}

/** Position of an issue on its ladder. */
export interface Place {
  readonly rung: number;
  readonly attempts: readonly Attempt[];
  /** Actions of the rungs before. */
  readonly met: readonly HealingAction[];
}

/** Sources of a choice. */
export interface ChoiceSources extends Pick<EnginePorts, 'resolver' | 'executor'> {
  readonly judge: Judge;
  readonly dryRun: boolean;
  /** Plans of a monitor that may be used again. Without it, every plan is new. */
  readonly plans?: PlanMemory | undefined;
  readonly signal: AbortSignal;
}

/** Largest number of rungs of a ladder. */
export const MAX_RUNGS = 16;

/** Gates after which the next rung is tried in the same cycle. */
const PASSED_OVER: readonly BlockReason[] = ['unavailable', 'not-allowed', 'no-expected-gain'];

/** Gates that usually block the same plan in the next cycle too. */
const LASTING: readonly BlockReason[] = [...PASSED_OVER, 'protected', 'needs-approval'];

/** Chooses the rung after those that did not help, plans it, and checks the gates. */
export async function choose(issue: Issue, failures: number, sources: ChoiceSources): Promise<Choice> {
  const rung = issue.attempt ?? failures;
  const early = sources.judge.early(issue);
  if (early) return { issue, action: NO_ACTION, rung, block: early, attempts: [] };
  // The first rung always exists; only a climb that goes on after others may find none.
  return (await climb(issue, { rung, attempts: [], met: [] }, sources))!;
}

/**
 * Climbs the ladder until a rung is not skipped. A ladder ends where an action comes again: the last rung repeats. Returns
 * `undefined` when there is no further rung.
 */
export async function climb(issue: Issue, from: Place, sources: ChoiceSources): Promise<Choice | undefined> {
  const met = [...from.met];
  const attempts = [...from.attempts];
  let last: Choice | undefined;
  for (let step = met.length; step < MAX_RUNGS; step += 1) {
    const rung = from.rung + step - from.met.length;
    const picked = pick(issue, rung, sources.resolver);
    if (met.some((other) => isSameAction(other, picked.action))) return last;
    const isPlannable = !picked.block && picked.error === undefined;
    const tried = isPlannable ? await planRung(issue, picked.action, sources) : picked;
    const choice: Choice = { ...tried, issue, rung, attempts: [...attempts] };
    const { action, block } = choice;
    if (block === undefined || !PASSED_OVER.includes(block.reason) || sources.signal.aborted) return choice;
    last = choice;
    met.push(action);
    attempts.push(passedOver(action, block));
  }
  return last && { ...last, block: ENDLESS };
}

/** Block for a resolver that returns a new action for every `attempt`. */
const ENDLESS: Block = {
  reason: 'no-action',
  sentence: `The resolver's ladder has more than ${MAX_RUNGS} rungs, and none of them can be done`,
};

const passedOver = ({ action }: HealingAction, { reason, sentence }: Block): Attempt => ({
  ...{ action, outcome: 'skipped', blockedBy: reason, error: sentence, durationMs: 0 },
});

type Rung = Pick<Choice, 'action' | 'plan' | 'digest' | 'block' | 'error'>;

/** Returns the action of a rung, or why there is none. */
function pick(issue: Issue, rung: number, resolver: Resolver): Rung {
  let action: HealingAction;
  try {
    action = expectAction(resolver.getAction({ ...issue, attempt: rung }));
  } catch (error) {
    return { action: NO_ACTION, error: `The resolver failed: ${messageOf(error)}` };
  }
  if (action.action === 'none') {
    const { component, check, heals } = issue;
    const sentence =
      check === undefined || isBuiltInCheck(check) || heals !== undefined
        ? `No safe automatic repair is known for ${component}: it needs manual attention`
        : `The check \`${check}\` has no \`heals\`, and the resolver picked nothing: ${component} is only reported`;
    return { action, block: { reason: 'no-action', sentence } };
  }
  return { action };
}

async function planRung(issue: Issue, action: HealingAction, sources: ChoiceSources): Promise<Rung> {
  const { dryRun, plans } = sources;
  try {
    const known = plans?.find(issue, action);
    if (known) {
      const again = judged(issue, known, sources);
      if (isIdle(again, dryRun)) return { action, ...again };
    }
    const planned = await planOf(action, sources);
    const rung = judged(issue, planned, sources);
    if (isIdle(rung, dryRun)) plans?.keep(issue, action, planned);
    return { action, ...rung };
  } catch (error) {
    return { action, error: messageOf(error) };
  }
}

const judged = (issue: Issue, planned: Planned, { judge }: ChoiceSources): Omit<Rung, 'action'> => {
  const block = judge.all(issue, planned);
  return { ...planned, ...(block ? { block } : {}) };
};

/** Returns whether a plan changes nothing on the host, now and probably in the next cycle. */
const isIdle = ({ block }: Pick<Rung, 'block'>, dryRun: boolean): boolean =>
  block === undefined ? dryRun : LASTING.includes(block.reason);

/** Returns the choice with a new plan, before any gate. */
export async function planAgain(choice: Choice, sources: PlanSources): Promise<Choice> {
  try {
    return { ...choice, ...(await planOf(choice.action, sources)) };
  } catch (error) {
    return { ...choice, error: messageOf(error) };
  }
}

type PlanSources = Pick<ChoiceSources, 'executor' | 'dryRun' | 'signal'>;

async function planOf(action: HealingAction, { executor, dryRun, signal }: PlanSources): Promise<Planned> {
  const plan = await executor.plan(action, { signal, dryRun });
  return { plan, digest: digestOf(plan) };
}

/** Checks the answer of a custom resolver. */
function expectAction(action: unknown): HealingAction {
  const { action: name, parameters } = (action ?? {}) as Partial<HealingAction>;
  const complete =
    typeof name === 'string' && name !== '' && typeof parameters === 'object' && parameters !== null;
  if (complete) {
    refuseDryRunIn('getAction(issue)', action as object);
    return { action: name, parameters };
  }
  // The error below names the mistake; a rejection of the promise is ignored.
  owned(action, () => undefined);
  throw new TypeError('`getAction` must return `{ action, parameters }`, at once and not as a promise');
}

const isSameAction = (one: HealingAction, other: HealingAction): boolean =>
  one.action === other.action && JSON.stringify(one.parameters) === JSON.stringify(other.parameters);
