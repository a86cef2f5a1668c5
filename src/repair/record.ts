import { worstVerdict } from '../detect/look-again.js';
import { messageOf } from '../base/errors.js';
import { removeApproval } from '../memory/approvals.js';
import { firstGate, MISFIRE_GATES } from '../gates/pacing.js';
import { recordAct } from '../memory/record-act.js';
import type { Act, GuardState, Intent } from '../memory/state.js';
import { forgetUndo, rememberUndo, undosOf } from '../memory/undo.js';
import { IssueType, type ComponentVerdict, type Issue } from '../model/issue.js';
import type { Block, Plan } from '../model/plan.js';
import type { Choice } from './choose.js';
import type { EnginePorts } from './ports.js';
import type { Proved, Repair } from './prove.js';
import type { Ending } from './result.js';

type RecordPorts = Pick<
  EnginePorts,
  'ledger' | 'guards' | 'clock' | 'logger' | 'bootId' | 'acting' | 'healingEnabled'
>;

/** Records intents and results of repairs. */
export class Recorder {
  readonly #ports: RecordPorts;

  constructor(ports: RecordPorts) {
    this.#ports = ports;
  }

  /**
   * Records the intent before an act. Returns a block when that fails, except for the cleaning of the full file system
   * that holds the state.
   */
  async intent(
    { id, issue, plan }: Pick<Repair, 'id' | 'issue' | 'plan'>,
    digest: string,
  ): Promise<Block | undefined> {
    const { ledger, bootId, logger, acting } = this.#ports;
    const { component, check } = issue;
    const { action, scope, generation } = plan;
    const about = { ...(generation ? { generation } : {}), ...(check === undefined ? {} : { check }) };
    acting.add(component);
    try {
      await ledger.write((state, at) => {
        const intents = [...state.intents, { at, component, action, scope, bootId, id, ...about }];
        const next = { ...removeApproval(state, digest), intents };
        return plan.restore ? rememberUndo(next, plan.restore, { at, component, bootId }) : next;
      });
      return undefined;
    } catch (error) {
      const full = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC';
      if (full && holds(component, ledger.storePath)) {
        logger.warn(`No space to record the repair of ${component}; it is carried out anyway`);
        return undefined;
      }
      acting.delete(component);
      ledger.note((state) => withoutIntent(state, component, scope));
      if (ledger.lockedBy !== undefined) return { reason: 'locked', sentence: ledger.lockedBy };
      const sentence = `The repair could not be recorded, so it is not carried out: ${messageOf(error)}`;
      return { reason: 'unavailable', sentence };
    }
  }

  /** Records the result of a repair. */
  async end(
    { issue, plan, before }: Repair,
    ending: Ending,
    { after = [], worse = false }: Partial<Pick<Proved, 'after' | 'worse'>> = {},
  ): Promise<void> {
    const { guards, clock, bootId, acting } = this.#ports;
    const { component, check } = issue;
    const { action, scope } = plan;
    acting.delete(component);
    await this.#save((state, at) => {
      if (ending.outcome === 'pending') return state;
      if (ending.outcome === 'skipped' || ending.outcome === 'planned')
        return withoutIntent(state, component, scope);
      const words = ending.outcome === 'fixed' ? ending.proof : ending.error;
      const act: Act = { at, component, action, scope, outcome: ending.outcome, words };
      const effect = effectOf(issue, worstVerdict(before), worstVerdict(after));
      return recordAct(state, act, guards, { chance: clock.random(), effect, worse, check, bootId });
    });
  }

  /** Leaves an act open that goes on without this engine; the next cycle verifies its result. */
  leaveOpen({ component }: Issue): void {
    this.#ports.acting.delete(component);
  }

  /** Records that planning failed, or returns the gate that blocks a new attempt. */
  async misfire({ issue, action }: Choice, error: string): Promise<Ending | undefined> {
    const { ledger, guards, clock, healingEnabled } = this.#ports;
    const plan = { ...NO_PLAN, action: action.action, parameters: action.parameters };
    const { state } = ledger;
    const block = firstGate(MISFIRE_GATES, { issue, plan, guards, healingEnabled, state, now: ledger.now() });
    if (block) return { outcome: 'skipped', block: { ...block, sentence: `${block.sentence} (${error})` } };
    const { component } = issue;
    await this.#save((before, at) => {
      const about = { at, component, action: plan.action, words: error } as const;
      const act: Act = { ...about, scope: 'process', outcome: 'failed' };
      return recordAct(before, act, guards, { chance: clock.random() });
    });
    return undefined;
  }

  /** Saves a change; when that fails it stays in memory, and the next save includes it. */
  async #save(change: (state: GuardState, now: number) => GuardState): Promise<void> {
    const { ledger, logger } = this.#ports;
    await ledger.write(change).catch((error: unknown) => {
      logger.error(`The result of a repair could not be recorded: ${messageOf(error)}`);
    });
  }
}

/** Returns whether a component is the file system of a path. Plain `disk` is that of the Nix store, or `/`. */
function holds(component: string, path: string | undefined): boolean {
  const [, mount = '/'] = /^(?:disk|inodes)(?::(.*))?$/.exec(component) ?? [undefined, ''];
  return path !== undefined && mount !== '' && (mount === '/' || path.startsWith(`${mount}/`));
}

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

function withoutIntent(state: GuardState, component: string, scope: string): GuardState {
  const isIt = (intent: Intent): boolean => intent.component === component && intent.scope === scope;
  const intents = state.intents.filter((intent) => !isIt(intent));
  const begun = state.intents.filter(isIt).map(({ at }) => at);
  // Nothing was done, so there is nothing to undo.
  const idle = undosOf(state).filter((undo) => undo.component === component && begun.includes(undo.at));
  return idle.reduce(forgetUndo, { ...state, intents });
}

/** Returns the values before and after a repair of a resource. */
function effectOf(issue: Issue, before: ComponentVerdict | undefined, after: ComponentVerdict | undefined) {
  if (issue.type !== IssueType.RESOURCE) return undefined;
  if (before?.value === undefined || after?.value === undefined) return undefined;
  return { before: before.value, after: after.value };
}
