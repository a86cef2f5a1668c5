import { defineAction, verifyByCheck, type ActionDefinition } from '../../src/actions/define.js';
import { actionRegistry } from '../../src/actions/registry.js';
import { SimplifiedHealingEngine } from '../../src/engine.js';
import { SelfHealingError } from '../../src/errors.js';
import type { ExecuteOptions, Execution, Executor } from '../../src/execute/executor.js';
import { makePlan } from '../../src/execute/planner.js';
import { NO_HISTORY } from '../../src/guard/generations.js';
import { DEFAULT_GUARDS } from '../../src/guard/guards.js';
import type { GuardState } from '../../src/guard/state.js';
import type { Store } from '../../src/guard/store.js';
import type { Host } from '../../src/host/host.js';
import type { Issue } from '../../src/issue.js';
import { nixSettings } from '../../src/nix-options.js';
import type { HealingAction, Plan } from '../../src/plan.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import { preload } from '../../src/repair/load.js';
import type { WorldClock } from './clock.js';
import type { Doing, Rules } from './rules.js';
import type { ActScript, CrashPoint, History } from './script.js';
import { LISTED, type World } from './world.js';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

const own = (scope: 'host' | 'process'): ActionDefinition<{ part: string }> =>
  defineAction({
    parse: (parameters) => ({ part: String(parameters['part']) }),
    plan: ({ part }) => ({
      targets: [part],
      effect: `${part} is well again`,
      steps: [
        {
          kind: 'call' as const,
          name: `mend ${part}`,
          run: () => undefined,
          timeoutMs: 1_000,
          interruptible: false,
        },
      ],
    }),
    verify: verifyByCheck,
    scope,
    risk: 'reversible',
    timeoutMs: 60 * 60_000,
  });

const ACTIONS = { mend_part: own('process'), mend_host: own('host') };
const REGISTRY = actionRegistry(ACTIONS);
// This world's clock knows of no real time.
await preload();

class Resolver extends SimpleResolver {
  override getAction(issue: Issue): HealingAction {
    const { component: part, attempt = 0 } = issue;
    if (part === 'memory') return { action: 'mend_host', parameters: { part } };
    if (part === 'worker') return { action: 'mend_part', parameters: { part } };
    // A ladder with a rung of each scope.
    if (part === 'pool') return { action: attempt === 0 ? 'mend_part' : 'mend_host', parameters: { part } };
    return super.getAction(issue);
  }
}

/** What outlives an engine: the world, and what is on its disk. */
export interface Ground {
  readonly clock: WorldClock;
  readonly world: World;
  readonly rules: Rules;
  readonly history: History;
  /** What is on the disk. */
  disk: GuardState | undefined;
  diskLost: boolean;
  /** How the next acts go. */
  acts: ActScript[];
  /** How all others go. */
  usually: ActScript['goes'];
  readonly unplannable: Set<string>;
  /** Whatever could not be planned at some time: an attempt that may be on record although nobody acted. */
  readonly misfired: Set<string>;
  savesThatFail: number;
  crash: CrashPoint | undefined;
  saves: number;
}

/** One engine, from its start to its end or death. Once dead, nothing that it does has any effect. */
export class Life {
  readonly engine: SimplifiedHealingEngine;
  dead = false;
  #switchedAt = -1;
  readonly #ground: Ground;
  #origin: number | undefined;

  constructor(ground: Ground) {
    this.#ground = ground;
    const { clock, world, history, rules } = ground;
    const approver = history.approver;
    this.engine = new SimplifiedHealingEngine({
      clock: clock.portFor(() => this.dead),
      host: this.#host(),
      executor: this.#executor(),
      state: this.#store(),
      resolver: new Resolver(),
      actions: ACTIONS,
      checks: world.checks,
      enabledChecks: ['memory', 'load', 'services', 'pool', 'worker'],
      thresholds: { loadAverage: 8 },
      ...(history.listed ? { services: [...LISTED] } : {}),
      ...(approver ? { approve: ({ id }) => this.#answer(id, approver) } : {}),
    });
    this.engine.on('approval:asked', ({ request }) => rules.ask(request.id, request.issue.component));
  }

  /** Steady time, as the engine must count it. */
  now(): number {
    const { clock, disk, diskLost } = this.#ground;
    const known = disk !== undefined && !diskLost;
    if (known) this.#origin ??= Math.max(clock.wall, disk.savedAt) - clock.monotonic;
    // Where nothing is known from before, it begins with the first look or plan.
    if (this.#origin === undefined) return clock.wall;
    return this.#origin + clock.monotonic;
  }

  #begin(): void {
    this.#origin ??= this.now() - this.#ground.clock.monotonic;
  }

  async #answer(id: string, { answer, afterMs }: NonNullable<History['approver']>): Promise<boolean> {
    const { rules, clock } = this.#ground;
    const asked = rules.asked.get(id);
    if (afterMs > 0) await clock.sleep(afterMs, () => this.dead);
    if (answer === 'throws') throw new Error('the pager is down');
    // An answer that comes too late is no answer, even if the same is being asked again.
    if (rules.asked.get(id) === asked && this.now() - (asked?.askedAt ?? 0) < 15 * 60_000) {
      if (!answer) rules.refuse(id);
      else if (asked) asked.yes = true;
    }
    return answer;
  }

  #host(): Host {
    const { world, rules } = this.#ground;
    return {
      read: (request = {}) => {
        if (this.dead) return never();
        const everything = request.parts?.includes('memory') === true && request.parts.includes('units');
        this.#begin();
        if (everything) rules.look();
        return world.read(request);
      },
      unitRelations: (names) =>
        this.dead ? never() : Promise.resolve(names.map((name) => world.relations(name))),
    };
  }

  /** Dies here, if this is where it was to die. */
  #dies(at: CrashPoint['at']): boolean {
    const { crash } = this.#ground;
    if (crash?.at !== at) return false;
    this.#ground.crash = crash.after === 0 ? undefined : { at, after: crash.after - 1 };
    this.dead = crash.after === 0;
    return this.dead;
  }

  #store(): Store {
    const ground = this.#ground;
    return {
      load: ({ readOnly } = { readOnly: false }) => {
        if (this.dead) return never();
        this.now();
        if (ground.diskLost) {
          // What is lost stays lost until something is saved in its place.
          if (!readOnly) ground.disk = undefined;
          return Promise.reject(new SelfHealingError('state-lost', 'The state cannot be used'));
        }
        return Promise.resolve(ground.disk);
      },
      save: (state) => {
        if (this.dead || this.#dies('before the save')) return never();
        ground.saves += 1;
        this.#begin();
        if (ground.savesThatFail > 0) {
          ground.savesThatFail -= 1;
          return Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
        }
        ground.disk = JSON.parse(JSON.stringify(state)) as GuardState;
        ground.diskLost = false;
        ground.rules.stored(ground.disk, (component) => ground.misfired.has(component));
        return this.#dies('after the save') ? never() : Promise.resolve();
      },
    };
  }

  #executor(): Executor {
    const { world, unplannable, misfired } = this.#ground;
    const plan = async (action: HealingAction): Promise<Plan> => {
      const component = componentOf(action);
      if (unplannable.has(component)) {
        misfired.add(component);
        throw new Error(`${component} cannot be planned`);
      }
      const host: Host = {
        read: (request = {}) => world.read(request),
        unitRelations: (names) => Promise.resolve(names.map((name) => world.relations(name))),
      };
      const parts = {
        host,
        actions: REGISTRY,
        thresholds: THRESHOLDS,
        services: [],
        guards: DEFAULT_GUARDS,
        nix: nixSettings(),
        history: NO_HISTORY,
      };
      const made = await makePlan(action, parts, new AbortController().signal);
      return component === 'mail' ? { ...made, approval: 'A person has to decide' } : made;
    };
    return {
      plan: (action) => {
        this.#begin();
        return this.dead ? never() : plan(action);
      },
      execute: (action, options = {}) => (this.dead ? never() : this.#execute(action, options)),
    };
  }

  async #execute(action: HealingAction, options: ExecuteOptions): Promise<Execution> {
    const { rules, clock, disk, acts, usually } = this.#ground;
    const component = componentOf(action);
    const scope = action.action === 'mend_part' ? 'process' : 'host';
    const { goes, takesMs, meanwhile } = acts.shift() ?? {
      goes: usually,
      takesMs: 0,
      meanwhile: undefined,
    };
    const doomed = goes === 'broken' || goes === 'nonsense' || goes === 'well, and nobody can tell';
    const doing: Doing = { component, action: action.action, scope, begun: this.now(), doomed, ended: false };
    const intent = disk?.intents.find((one) => one.component === component && one.scope === scope);
    if (intent === undefined)
      rules.breach(`${action.action} of ${component} before its intent was safely stored`);
    rules.begin(doing, {
      mayHeal: this.engine.healingEnabled,
      dryRun: this.engine.dryRun || options.dryRun === true,
      justSwitched: this.#switchedAt === clock.monotonic,
      approved: options.approved === true,
    });
    if (this.#dies('before the act')) return never();
    if (meanwhile !== undefined) await this.#meddle(meanwhile);
    await clock.sleep(takesMs, () => this.dead);
    const counts = this.#effect(component, goes);
    if (this.#dies('after the act')) return never();
    rules.end(doing, counts);
    if (goes === 'broken') throw new Error('the executor is broken');
    if (goes === 'nonsense') return undefined as never;
    const outcome =
      goes === 'refused' ? 'skipped' : goes.startsWith('wrong') || goes === 'worse' ? 'failed' : 'executed';
    const steps =
      outcome === 'skipped' ? [] : [{ step: 'pretend', ok: outcome === 'executed', durationMs: takesMs }];
    const words = outcome === 'executed' ? {} : { error: `It went ${goes}` };
    const blocked = outcome === 'skipped' ? { blockedBy: 'in-transition' as const } : {};
    const base = {
      action: action.action,
      success: outcome === 'executed',
      dryRun: false,
      durationMs: takesMs,
    };
    return { ...base, outcome: goes === 'worse' ? 'executed' : outcome, steps, ...words, ...blocked };
  }

  /** What the act does to the host. Tells whether it is an act that counts. */
  #effect(component: string, goes: ActScript['goes']): boolean {
    const { world } = this.#ground;
    if (goes === 'worse') world.turn(component, 'worse');
    if (goes.startsWith('well') || goes === 'wrong, but it helps') world.turn(component, 'ok');
    if (goes === 'well, and it dies in settling') world.later(1_000, () => world.rerun(component));
    if (goes === 'well, and nobody can tell') world.turn(component, 'unknown');
    return goes !== 'refused';
  }

  async #meddle(meanwhile: NonNullable<ActScript['meanwhile']>): Promise<void> {
    const { engine } = this;
    const { world, rules } = this.#ground;
    if (typeof meanwhile === 'string') this.#switchedAt = this.#ground.clock.monotonic;
    if (meanwhile === 'healing disabled') engine.healingEnabled = false;
    else if (meanwhile === 'dry run') engine.dryRun = true;
    else if (meanwhile === 'pause') {
      await engine.pause('backup').then(
        () => rules.pauses.add('backup'),
        () => undefined,
      );
    } else world.turnMeanwhile(meanwhile.component, meanwhile.to);
  }
}

const THRESHOLDS = { cpuPercent: 80, memoryPercent: 85, diskPercent: 90, loadAverage: 8 };

/** What an action is done to. */
function componentOf({ parameters }: HealingAction): string {
  return String(parameters['part'] ?? parameters['service']).replace(/\.service$/, '');
}
