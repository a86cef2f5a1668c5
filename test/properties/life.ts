import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { SelfHealingError } from '../../src/base/errors.js';
import type { ExecuteOptions } from '../../src/execute/executor.js';
import type { GuardState } from '../../src/memory/state.js';
import type { Store } from '../../src/memory/store.js';
import type { Host } from '../../src/host/host.js';
import type { Plan } from '../../src/model/plan.js';
import { preload } from '../../src/repair/load.js';
import { ACTIONS, Hands, Resolver } from './acting.js';
import { Announcements } from './announcements.js';
import type { WorldClock } from './clock.js';
import { LISTED, PROBES } from './conditions.js';
import type { ActScript, CrashPoint, History } from './history.js';
import type { Doing, Rules } from './rules.js';
import type { World } from './world.js';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

// The clock of this world knows no real time: late imports must be loaded already.
await Promise.all([preload(), import('../../src/watch/unit-names.js')]);

/** Everything that survives an engine: the world, and the state on its disk. */
export interface Ground {
  readonly clock: WorldClock;
  readonly world: World;
  readonly rules: Rules;
  readonly history: History;
  /** State on disk. */
  disk: GuardState | undefined;
  diskLost: boolean;
  /** Results of the next repairs. */
  acts: ActScript[];
  /** `true` if everything works from now on. */
  wellAtLast: boolean;
  readonly unplannable: Set<string>;
  /** Components whose plan differs each time. */
  readonly unsteady: Set<string>;
  /** Components that could not be planned at some time: an attempt may be recorded although nothing was executed. */
  readonly misfired: Set<string>;
  savesThatFail: number;
  crash: CrashPoint | undefined;
  saves: number;
  failedSaves: number;
  /** `true` during a call with the option of a dry run. */
  rehearsing: boolean;
}

/** One engine, from its start to its end or death. Once dead, nothing that it does has any effect. */
export class Life {
  readonly engine: SimplifiedHealingEngine;
  readonly heard: Announcements;
  dead = false;
  #switchedAt = -1;
  readonly #ground: Ground;
  #origin: number | undefined;

  constructor(ground: Ground) {
    this.#ground = ground;
    const { clock, world, history, rules } = ground;
    const approver = history.approver;
    const isDead = (): boolean => this.dead;
    this.engine = new SimplifiedHealingEngine({
      clock: clock.portFor(isDead),
      host: this.#host(),
      executor: new Hands(ground, this),
      state: this.#store(),
      resolver: new Resolver(),
      actions: ACTIONS,
      checks: world.probes.checks(isDead),
      enabledChecks: ['memory', 'load', 'services', ...Object.keys(PROBES)],
      thresholds: { loadAverage: 8 },
      ...(history.listed ? { services: [...LISTED] } : {}),
      ...(approver ? { approve: ({ id }) => this.#answer(id, approver) } : {}),
    });
    this.heard = new Announcements({
      ...{ world, memories: rules.memories, seen: rules.seen, now: () => this.now() },
      breach: (words) => rules.breach(words),
    });
    this.heard.listen(this.engine, isDead);
    this.engine.on('approval:asked', ({ request }) => {
      if (!this.dead) rules.questions.ask(request.id, request.issue.component);
    });
    this.engine.on('issue:opened', ({ issue }) => {
      if (!this.dead && issue.check === 'services') rules.turned(issue.component, true);
    });
    for (const closed of ['issue:cleared', 'issue:gone'] as const)
      this.engine.on(closed, ({ issue }) => {
        if (this.dead) return;
        if (issue.check === 'services') rules.turned(issue.component, false);
        const isOpen = this.engine.status().issues.some(({ component }) => component === issue.component);
        if (!isOpen) rules.questions.over(issue.component);
      });
  }

  /** Running monitoring. */
  monitoring: object | undefined;

  /** Steady time, as the engine must count it. */
  now(): number {
    const { clock, disk, diskLost } = this.#ground;
    const known = disk !== undefined && !diskLost;
    if (known) this.#origin ??= Math.max(clock.wall, latestTime(disk)) - clock.monotonic;
    // Without an earlier time, it starts at the first cycle or plan.
    if (this.#origin === undefined) return clock.wall;
    return this.#origin + clock.monotonic;
  }

  begin(): void {
    this.#origin ??= this.now() - this.#ground.clock.monotonic;
  }

  /** Dies if this is the prescribed point. */
  dies(at: CrashPoint['at']): boolean {
    const { crash } = this.#ground;
    if (crash?.at !== at) return false;
    this.#ground.crash = crash.after === 0 ? undefined : { at, after: crash.after - 1 };
    this.dead = crash.after === 0;
    return this.dead;
  }

  /** Reports the start of a repair to the rules. */
  tellBegun(doing: Doing, plan: Plan, { dryRun = false, approved = false }: ExecuteOptions): void {
    const { rules, clock, disk, rehearsing } = this.#ground;
    const { component, action, scope, question } = doing;
    const intent = disk?.intents.find((one) => one.component === component && one.scope === scope);
    if (intent === undefined) rules.breach(`${action} of ${component} before its intent was safely stored`);
    if (this.heard.pending.has(component)) rules.breach(`${action} of ${component}, whose job still runs`);
    this.heard.check();
    rules.begin(doing, {
      ...{ mayHeal: this.engine.healingEnabled, approved, question },
      dryRun: this.engine.dryRun || dryRun || rehearsing,
      justSwitched: this.#switchedAt === clock.monotonic,
      needsApproval: plan.approval !== undefined,
    });
  }

  /** Applies an event during a repair. */
  async meddle(during: NonNullable<ActScript['during']>): Promise<void> {
    const { engine } = this;
    const { world, rules } = this.#ground;
    if (typeof during === 'string') this.#switchedAt = this.#ground.clock.monotonic;
    if (during === 'healing disabled') engine.healingEnabled = false;
    else if (during === 'dry run') engine.dryRun = true;
    else if (during === 'pause') {
      await engine.pause('backup').then(
        () => rules.pauses.add('backup'),
        () => undefined,
      );
    } else world.turnDuring(during.component, during.to);
  }

  async #answer(id: string, { answer, afterMs }: NonNullable<History['approver']>): Promise<boolean> {
    const { rules, clock } = this.#ground;
    const asked = rules.questions.all.get(id);
    const { monitoring } = this;
    if (afterMs > 0) await clock.sleep(afterMs, () => this.dead);
    // A request of a stopped monitoring stays open, but the answer of its `approve` is no longer awaited.
    if (monitoring !== undefined && monitoring !== this.monitoring) return answer === true;
    if (answer === 'throws') throw new Error('the pager is down');
    // A late answer is ignored, even if the same request is open again.
    if (rules.questions.all.get(id) === asked && this.now() - (asked?.askedAt ?? 0) < 15 * 60_000) {
      if (!answer) rules.questions.refuse(id);
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
        this.begin();
        this.heard.check();
        world.probes.inLook = everything;
        if (everything) rules.look();
        return world.read(request);
      },
      unitRelations: (names) =>
        this.dead ? never() : Promise.resolve(names.map((name) => world.relations(name))),
    };
  }

  #store(): Store {
    const ground = this.#ground;
    return {
      load: ({ readOnly } = { readOnly: false }) => {
        if (this.dead) return never();
        this.now();
        if (ground.diskLost) {
          // A lost state stays lost until the next save.
          if (!readOnly) ground.disk = undefined;
          return Promise.reject(new SelfHealingError('state-lost', 'The state cannot be used'));
        }
        return Promise.resolve(ground.disk);
      },
      save: (state) => {
        if (this.dead || this.dies('before the save')) return never();
        ground.saves += 1;
        this.begin();
        if (ground.savesThatFail > 0) {
          ground.savesThatFail -= 1;
          ground.failedSaves += 1;
          return Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
        }
        ground.disk = JSON.parse(JSON.stringify(state)) as GuardState;
        ground.diskLost = false;
        ground.rules.stored(ground.disk, (component) => ground.misfired.has(component));
        this.heard.stored(ground.disk);
        return this.dies('after the save') ? never() : Promise.resolve();
      },
    };
  }
}

const DAY = 24 * 60 * 60_000;

/** Returns the latest time that a state proves: that of its writing, if something was recorded in the day before. */
function latestTime({ savedAt, acts, intents, approvals, pauses, storm, components }: GuardState): number {
  const records = Object.values(components);
  const last = Math.max(
    ...[...acts, ...intents].map(({ at }) => at),
    ...approvals.map(({ askedAt }) => askedAt),
    ...Object.values(pauses),
    ...records.flatMap(({ backoff }) => Object.values(backoff).map(({ since }) => since)),
    ...records.flatMap(({ openings, fixed }) => [...openings, fixed?.at ?? 0]),
    ...records.map(({ needsHumanSince }) => needsHumanSince ?? 0),
    storm?.lastFailure ?? 0,
  );
  return savedAt - last <= DAY ? savedAt : last;
}
