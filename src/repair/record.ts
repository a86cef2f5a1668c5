import { messageOf } from '../errors.js';
import { forget } from '../guard/approvals.js';
import { firstGate, PACING_GATES, type Question } from '../guard/pacing.js';
import { recordAct } from '../guard/record-act.js';
import { recurrences, type Act, type GuardState, type Intent } from '../guard/state.js';
import { forgetUndo, rememberUndo, undosOf } from '../guard/undo.js';
import { IssueType, type ComponentVerdict, type Issue } from '../issue.js';
import type { Block, Plan } from '../plan.js';
import type { Parts } from '../heal/parts.js';
import type { Prepared } from './choose.js';
import type { Ending } from './result.js';
import type { Repair } from './prove.js';

/**
 * Writes down what is about to be done, before it is done. Gives the reason why it must not be done when that is
 * impossible; but a full disk may be cleaned even though it leaves no room to write that down.
 */
export async function writeIntent(
  issue: Issue,
  plan: Plan,
  digest: string,
  parts: Parts,
): Promise<Block | undefined> {
  const { component } = issue;
  const { action, scope } = plan;
  const { ledger, bootId, logger, begun } = parts;
  const about = plan.generation === undefined ? {} : { generation: plan.generation };
  begun.add(component);
  try {
    await ledger.write((state, at) => {
      const intents = [...state.intents, { at, component, action, scope, bootId, ...about }];
      const next = { ...forget(state, digest), intents };
      return plan.restore ? rememberUndo(next, plan.restore, { at, component, bootId }) : next;
    });
    return undefined;
  } catch (error) {
    const full = (error as NodeJS.ErrnoException).code === 'ENOSPC';
    if (full && holds(component, ledger.storePath)) {
      logger.warn(
        `There is no room to write down that ${component} is being healed; it is healed all the same`,
      );
      return undefined;
    }
    begun.delete(component);
    ledger.note((state) => withoutIntent(state, component, scope));
    if (ledger.lockedBy !== undefined) return { reason: 'locked', sentence: ledger.lockedBy };
    const sentence = `What is about to be done could not be written down, so it is not done: ${messageOf(error)}`;
    return { reason: 'unavailable', sentence };
  }
}

/** Whether a component is the file system that holds a path. A bare `disk` is that of the Nix store, or `/`. */
function holds(component: string, path: string | undefined): boolean {
  const [, mount = '/'] = /^(?:disk|inodes)(?::(.*))?$/.exec(component) ?? [undefined, ''];
  return path !== undefined && mount !== '' && (mount === '/' || path.startsWith(`${mount}/`));
}

/** Writes down how a repair ended. */
export async function writeEnd(
  { issue, plan, before }: Repair,
  ending: Ending,
  { after, worse = false }: { readonly after?: ComponentVerdict | undefined; readonly worse?: boolean },
  parts: Parts,
): Promise<void> {
  const { guards, clock, begun } = parts;
  const { component } = issue;
  const { action, scope } = plan;
  begun.delete(component);
  await save(parts, (state, at) => {
    if (ending.outcome === 'skipped' || ending.outcome === 'planned') {
      return withoutIntent(state, component, scope);
    }
    const words = ending.outcome === 'fixed' ? ending.proof : ending.error;
    const act: Act = { at, component, action, scope, outcome: ending.outcome, words };
    return recordAct(state, act, guards, {
      chance: clock.random(),
      effect: effectOf(issue, before, after),
      worse,
    });
  });
  if (ending.outcome === 'fixed') reportRecurrence(component, parts);
}

/** Writes down that something could not even be planned; or tells which gate keeps it from being tried again yet. */
export async function writeMisfire(
  { issue, action }: Prepared,
  error: string,
  parts: Parts,
): Promise<Ending | undefined> {
  const { ledger, guards, healingEnabled, clock } = parts;
  const plan = { ...NO_PLAN, action: action.action, parameters: action.parameters };
  const question = { issue, plan, guards, healingEnabled, state: ledger.state, now: ledger.now() };
  const block = firstGate<Question>(MISFIRE_GATES, question);
  if (block) return { outcome: 'skipped', block: { ...block, sentence: `${block.sentence} (${error})` } };
  const { component } = issue;
  await save(parts, (state, at) => {
    const act: Act = {
      at,
      component,
      action: plan.action,
      scope: 'process',
      outcome: 'failed',
      words: error,
    };
    return recordAct(state, act, guards, { chance: clock.random() });
  });
  return undefined;
}

/** What holds back even what cannot be planned. */
const MISFIRE_GATES = {
  backoff: (question: Question) => PACING_GATES.backoff(question),
  'breaker-open': (question: Question) => PACING_GATES['breaker-open'](question),
  'needs-human': (question: Question) => PACING_GATES['needs-human'](question),
};

const NO_PLAN: Plan = {
  action: 'none',
  parameters: {},
  scope: 'process',
  risk: 'reversible',
  targets: [],
  steps: [],
  effect: '',
  notes: [],
};

/** What is on record stays in memory when it cannot be written; the next writing writes it, too. */
async function save(
  { ledger, logger }: Parts,
  change: (state: GuardState, now: number) => GuardState,
): Promise<void> {
  await ledger.write(change).catch((error: unknown) => {
    logger.error(`What was done could not be written down: ${messageOf(error)}`);
  });
}

function withoutIntent(state: GuardState, component: string, scope: string): GuardState {
  const isIt = (intent: Intent): boolean => intent.component === component && intent.scope === scope;
  const intents = state.intents.filter((intent) => !isIt(intent));
  const begun = state.intents.filter(isIt).map(({ at }) => at);
  // Nothing was done: nothing is to be taken back.
  const idle = undosOf(state).filter((undo) => undo.component === component && begun.includes(undo.at));
  return idle.reduce(forgetUndo, { ...state, intents });
}

/** A gain can be measured where trouble is a quantity. */
function effectOf(issue: Issue, before: ComponentVerdict | undefined, after: ComponentVerdict | undefined) {
  if (issue.type !== IssueType.RESOURCE) return undefined;
  if (before?.value === undefined || after?.value === undefined) return undefined;
  return { before: before.value, after: after.value };
}

/** A repair that works again and again does not reach the cause. */
function reportRecurrence(component: string, { ledger, guards, emit }: Parts): void {
  const times = recurrences(ledger.state, component, ledger.now(), guards.useless.withinMs);
  // Told when it has come that far, and not again after each repair.
  if (times === guards.useless.recurrences) emit('issue:recurring', { component, times });
}
