import { recordOf, type GuardState } from '../../src/guard/state.js';
import type { World } from './world.js';
import { FORBIDDEN, LISTED, OTHERS, SERVICES } from './world.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Scope = 'host' | 'process';

/** What an executor was told to do, as the executor saw it. */
export interface Doing {
  readonly component: string;
  readonly action: string;
  readonly scope: Scope;
  readonly begun: number;
  /** Whether its proof must fail, whatever is seen afterwards. */
  doomed: boolean;
  ended: boolean;
}

/** How the engine stands when it acts. */
export interface Moment {
  readonly mayHeal: boolean;
  readonly dryRun: boolean;
  /** Whether somebody has just switched healing off, in this very moment. */
  readonly justSwitched: boolean;
  readonly approved: boolean;
}

interface Memory {
  readonly backoff: Map<string, { count: number; until: number }>;
  failures: number;
  openUntil: number | null;
  openings: number[];
  humanSince: number | null;
  healthySince: number | null;
  /** Last look that saw it well. */
  wellAt: number;
}

/** A question to a person. */
export interface Asked {
  readonly component: string;
  readonly askedAt: number;
  yes: boolean;
  /** Whether it was well again since: then nobody has to answer any more. */
  idle: boolean;
}

/**
 * The rules of HEALING, sections 2 and 5, written down a second time and plainly, from the default numbers. It
 * knows only what a bystander sees: what the host is like, what executor and store are told, and what people say.
 * What it forbids, the engine must not do; the engine may be stricter.
 */
export class Rules {
  readonly broken: string[] = [];
  /** How often things happened that the rules are about. */
  readonly seen = {
    acts: 0,
    fixed: 0,
    openings: 0,
    humans: 0,
    storms: 0,
    interrupted: 0,
    asked: 0,
    approved: 0,
  };
  readonly pauses = new Set<string>();
  readonly asked = new Map<string, Asked>();
  /** Acts that an earlier life began, and whose end nobody wrote down. */
  readonly interrupted = new Map<string, Doing>();
  /** Acts under way, by component. */
  readonly doing = new Map<string, Doing>();
  /** A component that a person is about to reset. */
  resetting: string | undefined;
  /** Ended, and not yet on record. */
  unrecorded: Doing[] = [];
  #acts: { at: number; component: string; scope: Scope }[] = [];
  #recorded = new Set<string>();
  #memories = new Map<string, Memory>();
  #cautious = false;
  #storm: { last: number } | null = null;
  #openSince = new Map<string, number>();
  readonly #world: World;
  readonly #listed: boolean;
  readonly #now: () => number;

  constructor(world: World, listed: boolean, now: () => number) {
    this.#world = world;
    this.#listed = listed;
    this.#now = now;
  }

  breach(words: string): void {
    this.broken.push(`${words} (at ${this.#now()})`);
  }

  /** The components in trouble that a look at this host finds. */
  get inTrouble(): string[] {
    const seen = this.#listed
      ? [...LISTED, ...OTHERS]
      : [
          ...SERVICES.filter((one) => ['bad', 'worse', 'looping'].includes(this.#world.conditionOf(one))),
          ...OTHERS,
        ];
    return seen.filter((one) => this.#world.truthOf(one).status === 'bad');
  }

  /** The engine looked at everything. */
  look(): void {
    const now = this.#now();
    for (const component of [...SERVICES, ...OTHERS]) {
      const { status, moving } = this.#world.truthOf(component);
      const memory = this.#memoryOf(component);
      // Of a service that nobody listed, being inactive is no trouble.
      const idle =
        !this.#listed && SERVICES.includes(component) && this.#world.conditionOf(component) === 'low';
      if ((status !== 'ok' && !idle) || moving) memory.healthySince = null;
      else this.#health(component, memory, now);
    }
    this.#weather(now);
    for (const [id, asked] of this.asked) {
      const { component, askedAt } = asked;
      const found = ['bad', 'worse', 'looping'].includes(this.#world.conditionOf(component));
      asked.idle ||= this.#listed ? this.#world.truthOf(component).status === 'ok' : !found;
      if (now - askedAt < 15 * MINUTE) continue;
      this.asked.delete(id);
      if (!asked.idle) this.#wait(this.#memoryOf(component), 'restart_service', askedAt + 15 * MINUTE, false);
    }
  }

  /** The executor is told to act: is that allowed? */
  begin(doing: Doing, moment: Moment): void {
    const { component, action, scope } = doing;
    const now = this.#now();
    const { status, severity, moving } = this.#world.truthOf(component);
    const memory = this.#memoryOf(component);
    const what = `${action} of ${component}`;
    this.seen.acts += 1;
    const must = (right: boolean, why: string): void => void (right || this.breach(`${what}: ${why}`));
    // What was decided, and is being written down, in the very moment of a change is under way already.
    if (!moment.justSwitched) {
      must(!moment.dryRun, 'in a dry run');
      must(moment.mayHeal, 'while healing is disabled');
      must(this.pauses.size === 0, `while paused for ${[...this.pauses].join()}`);
    }
    if (!this.#world.justChanged(component)) {
      must(status === 'bad', `though it reads ${status}`);
      must(!moving, 'in transition');
      must(severity > 1, 'though its severity is LOW');
    }
    const forbidden = this.#listed ? FORBIDDEN : FORBIDDEN.filter((one) => one !== 'stray');
    must(!forbidden.includes(component), 'which is protected or not allowed');
    must(!this.doing.has(component), 'while it is being repaired');
    const beside = [...this.doing.values()].filter((one) => one.scope === scope);
    must(beside.length < 4, `beside ${beside.length} others`);
    must(action !== 'mend_host' || beside.every((one) => one.action !== action), 'beside the same action');
    must(this.#storm === null || beside.length === 0, 'beside another one, in a storm');
    must(!this.interrupted.has(component), 'blindly repeated after a crash');
    must(
      (memory.backoff.get(action)?.until ?? 0) <= now,
      `${(memory.backoff.get(action)?.until ?? 0) - now} ms before its backoff is over`,
    );
    must((memory.openUntil ?? 0) <= now, 'though its breaker is open');
    must(memory.humanSince === null, 'though a human is needed');
    const lately = this.#acts.filter((act) => act.scope === scope && act.at > now - HOUR);
    must(lately.length < 20, `the ${lately.length + 1}th of this scope within an hour`);
    const own = lately.filter((act) => act.component === component).length;
    must(own < 6, `the ${own + 1}th within an hour`);
    const calm = this.#storm === null || now - this.#storm.last >= 10 * MINUTE;
    must(
      calm || !(SERVICES.includes(component) || component === 'pool' || component === 'worker'),
      'in a storm',
    );
    if (severity === 2)
      must(this.#world.truthOf('load').status !== 'bad', 'of MEDIUM severity, under high load');
    if (component === 'mail') {
      const answer = [...this.asked.values()].find((one) => one.component === component);
      must(moment.approved && answer?.yes === true, 'without approval');
      this.seen.approved += 1;
      must(now - (answer?.askedAt ?? now) < 15 * MINUTE, 'on an approval that has lapsed');
    }
    this.doing.set(component, doing);
  }

  /** The executor has ended, and changed what it changed. */
  end(doing: Doing, counts: boolean): void {
    doing.ended = true;
    this.doing.delete(doing.component);
    for (const [id, { component }] of this.asked) if (component === doing.component) this.asked.delete(id);
    if (counts) this.unrecorded.push(doing);
  }

  ask(id: string, component: string): void {
    const now = this.#now();
    if ((this.#memoryOf(component).backoff.get('restart_service')?.until ?? 0) > now) {
      this.breach(`A person is asked about ${component} before its backoff is over`);
    }
    this.seen.asked += 1;
    this.asked.set(id, { component, askedAt: now, yes: false, idle: false });
  }

  refuse(id: string): void {
    const asked = this.asked.get(id);
    if (!asked) return;
    this.asked.delete(id);
    // With the trouble its question was over: the answer is to nothing.
    if (!asked.idle) this.#wait(this.#memoryOf(asked.component), 'restart_service', this.#now(), false);
  }

  reset(component: string): void {
    this.resetting = undefined;
    this.#memories.set(component, fresh());
  }

  /** A state is safely stored: whatever is new in it must have happened, and be told as it was. */
  stored(state: GuardState, mayMisfire: (component: string) => boolean): void {
    // It counts once it is on disk, though whoever asked for it may not live to hear so.
    if (this.resetting !== undefined && recordOf(state, this.resetting).failures === 0)
      this.reset(this.resetting);
    const told: string[] = [];
    for (const { at, component, action, scope, outcome } of state.acts) {
      // The same may be done twice within one moment.
      const words = `${at} ${component} ${action}`;
      const name = `${words} ${told.filter((one) => one === words).length}`;
      told.push(words);
      if (this.#recorded.has(name)) continue;
      this.#recorded.add(name);
      const well = this.#isWell(component);
      const made = this.unrecorded.find((one) => one.component === component && one.action === action);
      const cut = this.interrupted.get(component);
      const open = state.intents.some((one) => one.component === component && one.at === cut?.begun);
      if (made) {
        this.unrecorded = this.unrecorded.filter((one) => one !== made);
        if (outcome === 'fixed' && (!well || made.doomed))
          this.breach(`${action} of ${component} is called fixed`);
      } else if (cut?.scope === scope && cut.action === action && !open) {
        this.seen.interrupted += 1;
        this.interrupted.delete(component);
        // One "yes" is for one act.
        for (const [id, asked] of this.asked) if (asked.component === component) this.asked.delete(id);
        if (outcome === 'fixed' && !well)
          this.breach(`The interrupted ${action} of ${component} is called fixed`);
      } else if (!mayMisfire(component)) {
        this.breach(`${action} of ${component} is on record as ${outcome}, and nobody did it`);
      }
      this.#acts.push({ at, component, scope });
      this.#count(component, action, at, outcome === 'fixed');
    }
  }

  /** The engine died. What was durably stored is what the next one knows. */
  died(durable: GuardState | undefined): void {
    const begun = [...this.doing.values(), ...this.unrecorded, ...this.interrupted.values()];
    this.doing.clear();
    this.unrecorded = [];
    this.interrupted.clear();
    for (const one of begun) {
      const intent = durable?.intents.find(
        (kept) => kept.component === one.component && kept.scope === one.scope,
      );
      if (intent) this.interrupted.set(one.component, { ...one, begun: intent.at });
      else this.breach(`${one.action} of ${one.component} is forgotten by a crash`);
    }
    for (const { component, action, scope, at } of durable?.intents ?? []) {
      const known = this.interrupted.has(component);
      if (!known)
        this.interrupted.set(component, { component, action, scope, begun: at, doomed: false, ended: false });
    }
    for (const reason of this.pauses) {
      if (!Object.hasOwn(durable?.pauses ?? {}, reason))
        this.breach(`The pause for ${reason} is forgotten by a crash`);
    }
    for (const [id, asked] of this.asked) {
      const kept = durable?.approvals.find((one) => one.id === id);
      if (!kept) this.asked.delete(id);
      else asked.yes = kept.answer === 'yes';
    }
    this.restarted(durable);
  }

  /** A new engine begins, after a crash or not: it has not looked yet. */
  restarted(durable: GuardState | undefined): void {
    for (const memory of this.#memories.values()) [memory.healthySince, memory.wellAt] = [null, -1];
    this.#openSince.clear();
    this.#storm = durable?.storm ? { last: durable.storm.lastFailure } : null;
  }

  /** The stored state was lost: all is forgotten, and caution is due. */
  lost(): void {
    this.#memories.clear();
    this.#acts = [];
    this.#recorded.clear();
    this.#storm = null;
    this.interrupted.clear();
    this.asked.clear();
    this.pauses.clear();
    this.#cautious = true;
  }

  #isWell(component: string): boolean {
    const { status, moving } = this.#world.truthOf(component);
    return status === 'ok' && !moving;
  }

  #memoryOf(component: string): Memory {
    let memory = this.#memories.get(component);
    if (!memory) {
      memory = { ...fresh(), openUntil: this.#cautious ? -1 : null };
      this.#memories.set(component, memory);
    }
    return memory;
  }

  #health(component: string, memory: Memory, now: number): void {
    memory.wellAt = now;
    if (memory.healthySince === null) {
      memory.healthySince = now;
    } else if (now - memory.healthySince >= DAY) {
      this.#memories.set(component, { ...fresh(), healthySince: memory.healthySince, wellAt: now });
    } else if (now - memory.healthySince >= 10 * MINUTE) {
      memory.backoff.clear();
      memory.failures = 0;
      memory.openUntil = null;
    }
  }

  #wait(memory: Memory, action: string, at: number, fixed: boolean): void {
    const before = memory.backoff.get(action)?.count ?? 0;
    const steps = fixed ? before - 1 : before;
    const wait = steps < 0 ? 0 : Math.min(10 * MINUTE, MINUTE * 2 ** steps);
    memory.backoff.set(action, { count: before + 1, until: at + wait });
  }

  #count(component: string, action: string, at: number, fixed: boolean): void {
    const memory = this.#memoryOf(component);
    // A look and the end of an act may fall into one moment.
    memory.healthySince = memory.wellAt === at ? at : null;
    this.#wait(memory, action, at, fixed);
    if (this.#storm && !fixed) this.#storm.last = at;
    if (fixed) {
      this.seen.fixed += 1;
      memory.failures = 0;
      memory.openUntil = null;
      return;
    }
    memory.failures += 1;
    const halfOpen = memory.openUntil !== null && memory.openUntil <= at;
    if (!halfOpen && memory.failures % 3 !== 0) return;
    memory.openUntil = at + HOUR;
    this.seen.openings += 1;
    memory.openings = [...memory.openings.filter((one) => one > at - DAY), at];
    if (memory.openings.length < 5) return;
    this.seen.humans += 1;
    memory.humanSince ??= at;
  }

  #weather(now: number): void {
    if (!this.#listed) return;
    const since: number[] = [];
    for (const component of LISTED) {
      const { status, severity } = this.#world.truthOf(component);
      if (status === 'ok') this.#openSince.delete(component);
      if (status === 'bad' && !this.#openSince.has(component)) this.#openSince.set(component, now);
      const opened = this.#openSince.get(component);
      if (status === 'bad' && severity > 1 && opened !== undefined) since.push(opened);
    }
    if (this.#storm) {
      const calm = now - this.#storm.last >= 10 * MINUTE;
      if (since.length === 0 || (calm && since.length <= LISTED.length / 2)) this.#storm = null;
      else this.#storm.last = Math.max(this.#storm.last, ...since);
    } else if (since.filter((one) => one > now - MINUTE).length > LISTED.length / 2) {
      this.seen.storms += 1;
      this.#storm = { last: Math.max(...since) };
    }
  }
}

const fresh = (): Memory => ({
  backoff: new Map(),
  failures: 0,
  openUntil: null,
  openings: [],
  humanSince: null,
  healthySince: null,
  wellAt: -1,
});
