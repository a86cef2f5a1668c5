import { isSelfHealingError } from '../../src/base/errors.js';
import { BLOCK_REASONS } from '../../src/model/plan.js';
import type { HealingResult } from '../../src/model/result.js';
import type { IssueInput } from '../../src/model/issue.js';
import { WorldClock } from './clock.js';
import { Life, type Ground } from './life.js';
import { Rules } from './rules.js';
import type { Event, History } from './history.js';
import { LISTED, PROBES } from './conditions.js';
import { World } from './world.js';

const MINUTE = 60_000;
const OUTCOMES = ['fixed', 'ineffective', 'failed', 'skipped', 'planned', 'pending'];

/** Plays a history, and returns every violation of the rules that an observer saw. */
export async function play(history: History, seen?: Rules['seen']): Promise<readonly string[]> {
  const stage = new Stage(history);
  const giveBack = stage.takeTimers();
  try {
    for (const event of history.events) if (stage.breaches.length === 0) await stage.play(event);
    if (stage.breaches.length === 0) await stage.recover();
  } finally {
    giveBack();
  }
  for (const [what, often] of Object.entries(stage.seen)) if (seen) seen[what as keyof typeof seen] += often;
  return stage.breaches;
}

class Stage {
  readonly #ground: Ground;
  #life: Life;
  #downMs = 0;
  #jumpMs = 0;

  constructor(history: History) {
    const clock = new WorldClock(() => history.chance);
    const world = new World(clock);
    const rules = new Rules(world, history.listed, () => this.#life.now());
    this.#ground = {
      clock,
      world,
      rules,
      history,
      disk: undefined,
      diskLost: false,
      acts: [],
      wellAtLast: false,
      unplannable: new Set(),
      unsteady: new Set(),
      misfired: new Set(),
      savesThatFail: 0,
      crash: undefined,
      saves: 0,
      failedSaves: 0,
      rehearsing: false,
    };
    for (const component of history.badAtStart) world.turn(component, 'bad');
    this.#life = new Life(this.#ground);
  }

  get seen(): Rules['seen'] {
    return this.#ground.rules.seen;
  }

  get breaches(): readonly string[] {
    return this.#ground.rules.broken;
  }

  takeTimers(): () => void {
    return this.#ground.clock.takeTimers();
  }

  async play(event: Event): Promise<void> {
    const { clock, world, rules, unplannable, unsteady } = this.#ground;
    const { engine } = this.#life;
    switch (event.what) {
      case 'turns':
        return world.turn(event.component, event.to);
      case 'many fail':
        return LISTED.slice(0, event.count).forEach((one) => world.turn(one, 'bad'));
      case 'time passes':
        return clock.advance(event.ms);
      case 'the clock jumps':
        return clock.jump(event.ms);
      case 'acts will go':
        return void (this.#ground.acts = [...event.acts]);
      case 'a check answers':
        return world.probes.answer(event.check, event.after);
      case 'plans change':
        return void (event.change ? unsteady.add(event.component) : unsteady.delete(event.component));
      case 'gets neighbours':
        return world.joins(
          event.component,
          event.units.filter((unit) => unit !== `${event.component}.service`),
        );
      case 'planning fails':
        return void (event.fails ? unplannable.add(event.component) : unplannable.delete(event.component));
      case 'saving fails':
        return void (this.#ground.savesThatFail = event.times);
      case 'will crash':
        this.#ground.crash = event.point;
        [this.#downMs, this.#jumpMs] = [event.downMs, event.jumpMs];
        return;
      case 'cycles':
        for (let cycle = 0; cycle < event.times; cycle += 1) {
          await this.#cycle();
          await clock.advance(event.everyMs);
        }
        return;
      case 'goes through':
        for (const condition of event.conditions) {
          world.turn(event.component, condition);
          await this.#cycle();
          await clock.advance(event.everyMs);
        }
        return;
      case 'monitoring':
        return this.#monitor(event);
      case 'heal by hand':
        return this.#byHand([event.component], event.dryRun);
      case 'batch':
        return this.#byHand(event.components, event.dryRun);
      case 'rehearsal':
        await this.#watched(() => this.#life.engine.detectAndHeal({ dryRun: true }), true);
        return;
      case 'restarts':
        return this.#restart(event.cleanly, event.lost, event.downMs);
      case 'pause':
        await this.#say(engine.pause(event.reason), () => rules.pauses.add(event.reason));
        return;
      case 'resume':
        // It may count although it could not be saved.
        rules.pauses.delete(event.reason);
        await this.#say(engine.resume(event.reason));
        return;
      case 'reset':
        this.#life.begin();
        rules.resetting = event.component;
        await this.#say(engine.reset(event.component), () => rules.reset(event.component));
        rules.resetting = undefined;
        return;
      case 'answers':
        return this.#answerQuestions(event.yes);
      case 'healing enabled':
        engine.healingEnabled = event.value;
        return;
      case 'dry run':
        engine.dryRun = event.value;
        return;
    }
  }

  /** At the end, all is well for a long time, and then the engine must be as if nothing had ever happened. */
  async recover(): Promise<void> {
    const { world, rules, unplannable, clock } = this.#ground;
    [this.#ground.acts, this.#ground.savesThatFail, this.#ground.crash] = [[], 0, undefined];
    this.#ground.wellAtLast = true;
    unplannable.clear();
    this.#ground.unsteady.clear();
    world.putRight();
    for (const service of ['web', 'db', 'queue']) world.joins(service, []);
    this.#life.engine.dryRun = false;
    this.#life.engine.healingEnabled = true;
    for (const reason of ['backup', 'upgrade']) await this.#say(this.#life.engine.resume(reason));
    rules.pauses.clear();
    // An unanswered request expires after 15 minutes, and counts as a rejection then.
    for (const minutes of [8, 8, 8, 12, 0]) {
      await this.#cycle();
      await clock.advance(minutes * MINUTE);
    }
    await this.#say(this.#life.engine.pause('a last word'));
    await this.#say(this.#life.engine.resume('a last word'));
    for (const [component, record] of Object.entries(this.#ground.disk?.components ?? {})) {
      const { backoff, failures, strikes, relapses, breakerUntil } = record;
      const none = Object.keys(backoff).length + failures + strikes + relapses === 0;
      const atStart = none && breakerUntil === null;
      if (!atStart)
        rules.breach(`After lasting health ${component} is not at its start: ${JSON.stringify(record)}`);
    }
    if ((this.#ground.disk?.intents ?? []).length > 0)
      rules.breach('After lasting health an intent is still open');
    if (this.#ground.history.toTheEnd) await this.#aDayLater();
    await this.#drive(this.#life.engine.close());
  }

  /** After a day of health even `needs-human` is reset, and a repair is made like the first one. */
  async #aDayLater(): Promise<void> {
    const { clock, world, rules } = this.#ground;
    await clock.advance(25 * 60 * MINUTE);
    await this.#cycle();
    const [component = 'db'] = this.#ground.history.listed ? ['db'] : ['web'];
    world.turn(component, 'bad');
    const results = await this.#cycle();
    if (results?.[0]?.outcome !== 'fixed') {
      rules.breach(`After a day of health ${component} is not healed: ${JSON.stringify(results?.[0])}`);
    }
    for (const each of LISTED) world.turn(each, each === 'db' ? 'low' : 'ok');
    await this.#cycle();
    const [explained] = this.#life.engine.explain('db');
    if (explained && explained.breaker !== 'closed')
      rules.breach(`After a day of health a breaker is ${explained.breaker}`);
  }

  /** Runs one `detectAndHeal`: one result for each issue; a dry run leaves no trace. */
  async #cycle(): Promise<readonly HealingResult[] | undefined> {
    const { rules } = this.#ground;
    const expected = rules.inTrouble.sort();
    const { probes } = this.#ground.world;
    const arePrompt = Object.keys(PROBES).every((name) => probes.isPrompt(name));
    const results = await this.#watched(() => this.#life.engine.detectAndHeal());
    if (results === undefined) return undefined;
    // A slow cycle may find what changed in between.
    if (!arePrompt || Object.keys(PROBES).some((name) => !probes.isPrompt(name))) return results;
    const got = [...new Set(results.map(({ issue }) => issue.component))].sort();
    if (got.join() !== expected.join())
      rules.breach(`Results for ${got.join()}, and bad were ${expected.join()}`);
    return results;
  }

  async #byHand(components: readonly string[], dryRun = false): Promise<void> {
    const { rules } = this.#ground;
    const { engine } = this.#life;
    const issues = components.map(issueOf);
    const single = components.length === 1;
    const options = dryRun ? { dryRun } : {};
    const results = await this.#watched(
      async () =>
        single ? [await engine.healIssue(issues[0]!, options)] : engine.healIssuesBatch(issues, options),
      dryRun,
    );
    if (results === undefined) return;
    const got = results.map(({ issue }) => issue.component).join();
    if (got !== components.join())
      rules.breach(`Results for ${got}, and asked for were ${components.join()}`);
  }

  async #monitor({
    minutes,
    everyS = 60,
    turns = [],
  }: Extract<Event, { what: 'monitoring' }>): Promise<void> {
    const { world } = this.#ground;
    const life = this.#life;
    const isDead = () => life.dead;
    for (const { afterMs, component, to } of turns)
      world.later(afterMs, () => world.turnDuring(component, to));
    life.monitoring = {};
    life.engine
      .startMonitoring(everyS)
      .catch((error: unknown) => this.#ground.rules.breach(`Monitoring broke: ${String(error)}`));
    await this.#ground.clock.advance(minutes * MINUTE, isDead);
    life.monitoring = undefined;
    await this.#drive(life.engine.stopMonitoring());
    if (!life.dead) this.#compare(life, life.engine.dryRun);
  }

  /** Runs an operation whose results are checked, and checks that a dry run leaves no trace. */
  async #watched(
    work: () => Promise<HealingResult[]>,
    rehearsing = false,
  ): Promise<readonly HealingResult[] | undefined> {
    const { rules, saves } = this.#ground;
    const life = this.#life;
    const dry = life.engine.dryRun || rehearsing;
    const lately = { host: rules.lately('host'), process: rules.lately('process') };
    this.#ground.rehearsing = rehearsing;
    const results = await this.#drive(work());
    this.#ground.rehearsing = false;
    if (results === undefined) return undefined;
    if (dry && this.#ground.saves !== saves) rules.breach('A dry run changed the stored state');
    for (const result of results) this.#judge(result, dry);
    if (dry) this.#count(results, lately);
    if (rules.doing.size > 0) rules.breach('Something is still being done though all results are there');
    this.#compare(life, dry);
    return results;
  }

  /** Compares the results with the events, and with the disk if saving was possible. */
  #compare({ engine, heard }: Life, dry: boolean): void {
    const { rules, failedSaves } = this.#ground;
    heard.check();
    heard.checkMetrics(engine);
    // A dry run counts a relapse, and the next real cycle saves it.
    for (const component of failedSaves === 0 && !dry ? heard.unstored.keys() : [])
      rules.breach(`The relapse of ${component} is not on record`);
  }

  /** A dry run counts its own plans, as if they had been executed. */
  #count(results: readonly HealingResult[], lately: Record<'host' | 'process', readonly string[]>): void {
    const { rules } = this.#ground;
    for (const scope of ['host', 'process'] as const) {
      const planned = results.filter(({ outcome, plan }) => outcome === 'planned' && plan?.scope === scope);
      rules.seen.rehearsed += planned.length;
      const all = [...lately[scope], ...planned.map(({ issue }) => issue.component)];
      if (planned.length > 0 && all.length > 20)
        rules.breach(`A dry run plans ${all.length} acts within an hour`);
      for (const { issue } of planned) {
        const own = all.filter((component) => component === issue.component).length;
        if (own > 6) rules.breach(`A dry run plans the ${own}th act of ${issue.component} within an hour`);
      }
    }
  }

  #judge(result: HealingResult, dry: boolean): void {
    const { outcome, success, error, issue } = result;
    const { rules } = this.#ground;
    const said = `${issue.component}: ${outcome}`;
    if (!OUTCOMES.includes(outcome)) rules.breach(`${said} is no outcome`);
    if (success !== (outcome === 'fixed' || outcome === 'planned'))
      rules.breach(`${said}, success ${success}`);
    if (!success && (typeof error !== 'string' || error === '' || /NaN|undefined|null/.test(error))) {
      rules.breach(`${said} says ${JSON.stringify(error)}`);
    }
    if (outcome === 'skipped' && !BLOCK_REASONS.includes(result.blockedBy))
      rules.breach(`${said} by ${result.blockedBy}`);
    if (dry && (outcome === 'fixed' || outcome === 'ineffective')) rules.breach(`${said} in a dry run`);
    if (result.attempts.length === 0) rules.breach(`${said} without attempts`);
  }

  async #answerQuestions(yes: boolean): Promise<void> {
    const { rules } = this.#ground;
    for (const [id, asked] of [...rules.questions.all]) {
      const { engine } = this.#life;
      // An approval is refused while repairs are paused or disabled.
      asked.yes ||= yes && rules.pauses.size === 0 && engine.healingEnabled;
      if (yes) await this.#say(engine.approve(id));
      else await this.#say(engine.reject(id), () => rules.questions.refuse(id));
    }
  }

  async #restart(cleanly: boolean, lost: boolean, downMs: number): Promise<void> {
    const { clock, rules } = this.#ground;
    this.#ground.savesThatFail = cleanly ? 0 : this.#ground.savesThatFail;
    if (cleanly) await this.#drive(this.#life.engine.close());
    const left = rules.unrecorded.find(({ component }) => !this.#life.heard.pending.has(component));
    if (!this.#life.dead && this.#life.engine.dryRun === false && cleanly && left)
      rules.breach(`${left.component}: what was done is not on record after closing`);
    await this.#begin(downMs, 0);
    if (!lost || this.#ground.disk === undefined) return;
    this.#ground.diskLost = true;
    rules.lost();
    await clock.advance(0);
  }

  /** Runs an operation to its end, or to the engine's death, and continues with a new engine. */
  async #drive<T>(work: Promise<T>): Promise<T | undefined> {
    const life = this.#life;
    const value = await this.#ground.clock.drive(work, () => life.dead);
    if (life.dead) await this.#begin(this.#downMs, this.#jumpMs);
    return life.dead ? undefined : value;
  }

  async #begin(downMs: number, jumpMs: number): Promise<void> {
    const { clock, rules, disk, diskLost } = this.#ground;
    this.#life.dead = true;
    this.#life.heard.died();
    rules.died(diskLost ? undefined : disk);
    clock.jump(jumpMs);
    await clock.advance(downMs);
    this.#life = new Life(this.#ground);
  }

  /** Runs a command of an operator, which may be refused, or not be saved. */
  async #say(work: Promise<unknown>, heard: () => void = () => undefined): Promise<void> {
    const life = this.#life;
    try {
      await this.#drive(work);
      if (!life.dead) heard();
    } catch (error) {
      const expected = isSelfHealingError(error) || (error as NodeJS.ErrnoException).code === 'EIO';
      if (!expected) this.#ground.rules.breach(`It refused with ${String(error)}`);
    }
  }
}

function issueOf(component: string): IssueInput {
  const resource = component === 'memory' || component === 'load';
  return {
    type: resource ? 'resource' : 'service',
    severity: component === 'memory' ? 2 : 3,
    description: 'made by hand',
    component,
    metricValue: resource ? 88 : 0,
    threshold: resource ? 85 : 1,
  };
}
