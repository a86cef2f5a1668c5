import { previewOnly } from '../actions/preview.js';
import { messageOf } from '../errors.js';
import { judgeSafety } from '../guard/safety.js';
import { Severity, type Issue } from '../issue.js';
import type { Block, HealingAction, Plan } from '../plan.js';
import type { Attempt } from '../result.js';
import type { Parts } from './parts.js';

/** An issue with what is to be done about it, or what stands in the way. Nothing has been done yet. */
export interface Prepared {
  readonly issue: Issue;
  readonly action: HealingAction;
  readonly plan?: Plan;
  readonly block?: Block;
  /** What went wrong in picking or planning. */
  readonly error?: string;
  /** Rungs that were passed over. */
  readonly passedOver: readonly Attempt[];
}

const NONE: HealingAction = { action: 'none', parameters: {} };

/** Gates that a rung may fail and the next one still be tried in the same cycle. */
const PASSED_OVER: readonly string[] = ['unavailable', 'not-allowed', 'no-expected-gain'];

/** Picks the rung, plans it, and judges it by the gates that need no reading of the moment. */
export async function prepare(issue: Issue, parts: Parts, signal: AbortSignal): Promise<Prepared> {
  const passedOver: Attempt[] = [];
  const early = settingsInTheWay(issue, parts);
  if (early) return { issue, action: NONE, block: early, passedOver };
  for (let attempt = issue.attempt ?? 0, last: Prepared | undefined; ; attempt += 1) {
    const here = await prepareRung({ ...issue, attempt }, parts, signal);
    // The last rung of a ladder repeats: then there is no further one to go to.
    if (last && sameAction(here.action, last.action)) return { ...last, passedOver: passedOver.slice(0, -1) };
    if (!here.block || !PASSED_OVER.includes(here.block.reason)) return { ...here, issue, passedOver };
    const { action, block } = here;
    passedOver.push({
      action: action.action,
      outcome: 'skipped',
      blockedBy: block.reason,
      error: block.sentence,
      durationMs: 0,
    });
    last = { ...here, issue, passedOver: [] };
  }
}

function settingsInTheWay(issue: Issue, { healingEnabled }: Parts): Block | undefined {
  if (!healingEnabled)
    return { reason: 'healing-disabled', sentence: 'Healing is switched off: `healingEnabled` is false' };
  if (issue.severity === Severity.LOW) {
    return { reason: 'monitor-only', sentence: 'An issue of severity LOW is reported and not acted on' };
  }
  return undefined;
}

async function prepareRung(
  issue: Issue,
  parts: Parts,
  signal: AbortSignal,
): Promise<Omit<Prepared, 'passedOver'>> {
  let action: HealingAction;
  try {
    action = expectAction(parts.resolver.getAction(issue));
  } catch (error) {
    return { issue, action: NONE, error: `The resolver could not pick an action: ${messageOf(error)}` };
  }
  if (action.action === 'none') {
    const sentence = `Nothing is known that would safely help ${issue.component}; a person has to look`;
    return { issue, action, block: { reason: 'no-action', sentence } };
  }
  try {
    const plan = await parts.executor.plan(action, { signal });
    const block = judgeSafety(plan, parts.policy) ?? (parts.dryRun ? undefined : previewOnly(plan.action));
    return { issue, action, plan, ...(block ? { block } : {}) };
  } catch (error) {
    return { issue, action, error: messageOf(error) };
  }
}

/** What a resolver of a host program's own returns may be anything. */
function expectAction(action: unknown): HealingAction {
  const { action: name, parameters } = (action ?? {}) as Partial<HealingAction>;
  const complete =
    typeof name === 'string' && name !== '' && typeof parameters === 'object' && parameters !== null;
  if (complete) return { action: name, parameters };
  throw new TypeError('`getAction` must return `{ action, parameters }`, at once and not as a promise');
}

const sameAction = (one: HealingAction, other: HealingAction): boolean =>
  one.action === other.action && JSON.stringify(one.parameters) === JSON.stringify(other.parameters);
