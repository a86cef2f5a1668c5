import { defineAction, verifyByCheck, type ActionDefinition } from '../../src/actions/define.js';
import { actionRegistry } from '../../src/actions/registry.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import type { ExecuteOptions, Executor } from '../../src/execute/executor.js';
import { makePlan, readAgain } from '../../src/execute/planner.js';
import { digestOf } from '../../src/memory/approvals.js';
import { NO_HISTORY } from '../../src/memory/generations.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { ReadRequest } from '../../src/host/host.js';
import { judgeSafety } from '../../src/gates/safety.js';
import type { Issue } from '../../src/model/issue.js';
import { nixSettings } from '../../src/model/nix-options.js';
import type { HealingAction, Plan, Step } from '../../src/model/plan.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import type { ActScript } from './history.js';
import type { Ground, Life } from './life.js';
import type { Doing } from './rules.js';
import type { Execution } from '../../src/model/execution.js';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const THRESHOLDS = thresholdValues({ loadAverage: 8 });

const callStep = (name: string): Step => ({
  ...{ kind: 'call', name, run: () => undefined, timeoutMs: 1_000, interruptible: false },
});

const own = (scope: 'host' | 'process'): ActionDefinition<{ part: string }> =>
  defineAction({
    parse: (parameters) => ({ part: String(parameters['part']) }),
    plan: ({ part }) => ({
      ...{ targets: [part], effect: `${part} is well again`, steps: [callStep(`mend ${part}`)] },
    }),
    verify: verifyByCheck,
    ...{ scope, risk: 'reversible', timeoutMs: 60 * 60_000 },
  });

export const ACTIONS = { mend_part: own('process'), mend_host: own('host') };
const REGISTRY = actionRegistry(ACTIONS);

/** Component, scope and unit that an action affects. */
const partOf = ({ parameters }: HealingAction): string =>
  String(parameters['part'] ?? parameters['service']).replace(/\.service$/, '');

/** Picks actions; for the check of users on `web`, a restart of that unit. */
export class Resolver extends SimpleResolver {
  override getAction(issue: Issue): HealingAction {
    const { component: part, attempt = 0 } = issue;
    if (part === 'web-http') return { action: 'restart_service', parameters: { service: 'web' } };
    if (part === 'memory') return { action: 'mend_host', parameters: { part } };
    if (part === 'worker') return { action: 'mend_part', parameters: { part } };
    // A ladder with a rung of each scope.
    if (part === 'pool') return { action: attempt === 0 ? 'mend_part' : 'mend_host', parameters: { part } };
    return super.getAction(issue);
  }
}

/**
 * Executor of one life of an engine: does what the history prescribes, and reports to the rules what it was asked to
 * do.
 */
export class Hands implements Executor {
  readonly #ground: Ground;
  readonly #life: Life;
  readonly #madeAt = new WeakMap<Plan, number>();
  #plans = 0;

  constructor(ground: Ground, life: Life) {
    this.#ground = ground;
    this.#life = life;
  }

  plan(action: HealingAction): Promise<Plan> {
    this.#life.begin();
    return this.#life.dead ? never() : this.#plan(action);
  }

  execute(action: HealingAction, options: ExecuteOptions = {}): Promise<Execution> {
    return this.#life.dead ? never() : this.#execute(action, options);
  }

  async #plan(action: HealingAction): Promise<Plan> {
    const { unplannable, misfired, unsteady } = this.#ground;
    const part = partOf(action);
    if (unplannable.has(part)) {
      misfired.add(part).add(part === 'web' ? 'web-http' : part);
      throw new Error(`${part} cannot be planned`);
    }
    const parts = {
      ...{ host: this.#host(), actions: REGISTRY, thresholds: THRESHOLDS, services: [] },
      ...{ guards: DEFAULT_GUARDS, nix: nixSettings(), history: NO_HISTORY },
    };
    const made = await makePlan(action, parts, new AbortController().signal);
    const plan = part === 'mail' ? { ...made, approval: 'A person has to decide' } : made;
    const given = unsteady.has(part) ? this.#replan(plan) : plan;
    this.#madeAt.set(given, this.#ground.clock.monotonic);
    return given;
  }

  #host() {
    const { world } = this.#ground;
    return {
      read: (request: ReadRequest = {}) => world.read(request),
      unitRelations: (names: readonly string[]) =>
        Promise.resolve(names.map((name) => world.relations(name))),
    };
  }

  /** Returns a different plan each time: another step, or another target. */
  #replan(plan: Plan): Plan {
    this.#plans += 1;
    const id = `way ${this.#plans}`;
    return this.#plans % 2 === 0
      ? { ...plan, steps: [...plan.steps, callStep(id)] }
      : { ...plan, targets: [...plan.targets, { kind: 'plain', id }] };
  }

  async #execute(action: HealingAction, options: ExecuteOptions): Promise<Execution> {
    const { clock, acts, history, rules, world } = this.#ground;
    const { usually, usuallyLastsMs } = history;
    const script: ActScript = acts.shift() ?? {
      ...{ goes: this.#ground.wellAtLast ? 'well' : usually, takesMs: 0 },
      ...(usuallyLastsMs === undefined || this.#ground.wellAtLast ? {} : { lastsMs: usuallyLastsMs }),
    };
    const { goes, takesMs, during } = script;
    const [issue, plan] = this.#announced(action, options);
    const { component } = issue;
    const { scope } = plan;
    const age = clock.monotonic - (this.#madeAt.get(plan) ?? clock.monotonic);
    if (age > 250) rules.breach(`${plan.action}: by a plan that is ${age} ms old`);
    const refused = await this.#refusal(plan);
    if (refused) return { ...this.#execution(plan, 'skipped', 0), ...refused };
    const doing: Doing = {
      ...{
        component,
        action: action.action,
        scope,
        check: issue.check,
        begun: this.#life.now(),
        ended: false,
      },
      doomed: ['broken', 'nonsense', 'well, by another plan'].includes(goes),
      question: digestOf(plan).slice(0, 8),
      touches: this.#touched(plan),
    };
    this.#life.tellBegun(doing, plan, options);
    if (this.#life.dies('before the act')) return never();
    if (during !== undefined) await this.#life.meddle(during);
    await clock.sleep(takesMs, () => this.#life.dead);
    this.#effect(component, partOf(action), script);
    if (this.#life.dies('after the act')) return never();
    const { heard } = this.#life;
    heard.actedAt.set(component, world.probes.next());
    const helped = goes === 'well' && script.lateMs === undefined && script.lastsMs === undefined;
    heard.helped[helped ? 'add' : 'delete'](component);
    rules.end(doing, goes !== 'refused');
    if (goes === 'broken') throw new Error('the executor is broken');
    if (goes === 'nonsense') return undefined as never;
    if (goes === 'refused') return this.#execution(plan, 'skipped', takesMs);
    const failed = goes.startsWith('wrong');
    const ran = goes === 'well, by another plan' ? this.#replan(plan) : plan;
    const steps = [{ step: 'pretend', ok: !failed, durationMs: takesMs }];
    const ended = { ...this.#execution(ran, failed ? 'failed' : 'executed', takesMs), steps };
    return failed ? { ...ended, error: `It went ${goes}` } : ended;
  }

  #execution(plan: Plan, outcome: Execution['outcome'], durationMs: number): Execution {
    const { action } = plan;
    const base = {
      action,
      plan,
      outcome,
      success: outcome === 'executed',
      dryRun: false,
      steps: [],
      durationMs,
    };
    return outcome === 'skipped' ? { ...base, blockedBy: 'in-transition', error: 'It was refused' } : base;
  }

  /** Returns the announced issue and plan, which must be the ones that are executed. */
  #announced(
    action: HealingAction,
    { plan }: ExecuteOptions,
  ): readonly [Pick<Issue, 'component' | 'check'>, Plan] {
    const { rules } = this.#ground;
    const { plans } = this.#life.heard;
    const said = [...plans.values()].find((one) => one.plan === plan);
    if (said?.plan.action === action.action) return [said.issue, said.plan];
    rules.breach(`${action.action} of ${partOf(action)}: not by the plan that was announced last`);
    const [issue, fallback]: [Pick<Issue, 'component'>, Plan | undefined] = [
      { component: partOf(action) },
      plan ?? [...plans.values()][0]?.plan,
    ];
    return [issue, fallback!];
  }

  /**
   * Like the library's own executor: reads the targets of a plan again, because they or their effects may have changed.
   */
  async #refusal(plan: Plan): Promise<Pick<Execution, 'blockedBy' | 'error'> | undefined> {
    const now = await readAgain(plan, this.#host(), new AbortController().signal);
    if (digestOf(now) !== digestOf(plan))
      return { blockedBy: 'unavailable', error: 'Its effects have changed' };
    const block = judgeSafety(now, { services: undefined, protect: [] }, { approved: true });
    return block?.reason === 'in-transition' ? { blockedBy: block.reason, error: block.sentence } : undefined;
  }

  /** Returns the units of a plan and those that currently stop with them. The plan must name the running ones. */
  #touched(plan: Plan): readonly string[] {
    const { world, rules } = this.#ground;
    const units = plan.targets.filter((target) => target.kind === 'unit');
    const drawn = units.flatMap(({ id }) => world.neighboursOf(id.replace(/\.service$/, '')));
    const touched = plan.effects?.touches.flatMap(({ names }) => names) ?? [];
    const named = [...units.flatMap(({ id, names }) => [id, ...names]), ...touched];
    if (drawn.length > 0) rules.seen.neighbours += 1;
    const unnamed = drawn.filter((unit) => world.isRunning(unit) && !named.includes(unit));
    if (unnamed.length > 0)
      rules.breach(`${plan.action}: it touches ${unnamed.join()}, which its plan does not name`);
    return [...new Set([...units.map(({ id }) => id), ...drawn])];
  }

  /** Effect of the repair on the host. */
  #effect(component: string, part: string, { goes, lateMs = 0, lastsMs }: ActScript): void {
    const { world, rules } = this.#ground;
    const aspects = new Set([component, part, ...(component === 'db' ? ['db-query'] : [])]);
    const turn = (condition: 'ok' | 'bad' | 'worse' | 'unknown'): void => {
      for (const aspect of aspects) world.turn(aspect, condition);
    };
    for (const unit of world.neighboursOf(part)) world.rerun(unit.replace(/\.service$/, ''));
    if (goes === 'worse') turn('worse');
    if (goes === 'well, and nobody can tell') return turn('unknown');
    if (goes.startsWith('well') || goes === 'wrong, but it helps') {
      if (lateMs === 0) turn('ok');
      else {
        rules.seen.late += 1;
        world.later(lateMs, () => turn('ok'));
      }
      if (lastsMs !== undefined) world.later(lateMs + lastsMs, () => world.turn(component, 'bad'));
    }
    if (goes === 'well, and it dies in settling') world.later(1_000, () => world.rerun(part));
  }
}
