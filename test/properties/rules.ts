import { recordOf, type GuardState } from '../../src/memory/state.js';
import { ASPECTS, COMPONENTS, FORBIDDEN, LISTED, PROBES, probesOf, SERVICES, STRAY } from './conditions.js';
import { Memories } from './memory.js';
import { Questions } from './questions.js';
import type { Run } from './probes.js';
import type { World } from './world.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export type Scope = 'host' | 'process';

/** An execution as the executor received it. */
export interface Doing {
  readonly component: string;
  readonly action: string;
  readonly scope: Scope;
  /** The check that opened the issue. */
  readonly check: string | undefined;
  readonly begun: number;
  /** Id of the approval request for its plan. */
  readonly question: string;
  /** Units that it affects, or that stop with them. */
  readonly touches: readonly string[];
  /** `true` if its verification must fail. */
  doomed: boolean;
  ended: boolean;
}

/** State of the engine at the start of a repair. */
export interface Moment {
  readonly mayHeal: boolean;
  readonly dryRun: boolean;
  /** `true` if healing was disabled at this very moment. */
  readonly justSwitched: boolean;
  readonly approved: boolean;
  /** Id of the approval request for this plan. */
  readonly question: string;
  readonly needsApproval: boolean;
}

/** Counts of the events that have rules. */
export const nothingSeen = () => ({
  ...{ acts: 0, fixed: 0, relapses: 0, openings: 0, humans: 0, storms: 0, interrupted: 0 },
  ...{ asked: 0, approved: 0, rehearsed: 0, beside: 0, neighbours: 0, late: 0 },
});

/**
 * The rules of HEALING, sections 2 and 5, implemented a second time and simply, from the default numbers. Uses only
 * what an observer sees: the state of the host, the results of checks, the calls of executor and store, and the
 * commands of operators. The engine must not do what this forbids; the engine may be stricter.
 */
export class Rules {
  readonly broken: string[] = [];
  readonly seen = nothingSeen();
  readonly pauses = new Set<string>();
  readonly memories = new Memories(this.seen);
  readonly questions: Questions;
  /** Repairs that an earlier life started, and whose end was not recorded. */
  readonly interrupted = new Map<string, Doing>();
  /** Running repairs, by component. */
  readonly doing = new Map<string, Doing>();
  /** Component that an operator is about to reset. */
  resetting: string | undefined;
  /** Repairs that have ended, and are not recorded yet. */
  unrecorded: Doing[] = [];
  #acts: { readonly at: number; readonly component: string; readonly scope: Scope }[] = [];
  #recorded = new Set<string>();
  #storm: { readonly last: number } | null = null;
  #openSince = new Map<string, number>();
  readonly #world: World;
  readonly #listed: boolean;
  readonly #now: () => number;

  constructor(world: World, listed: boolean, now: () => number) {
    this.#world = world;
    this.#listed = listed;
    this.#now = now;
    const found = (component: string): boolean => !this.#isOver(component);
    this.questions = new Questions({
      memories: this.memories,
      seen: this.seen,
      now,
      found,
      breach: (words) => this.breach(words),
    });
    world.probes.answered = (name, run) => this.#answered(name, run);
  }

  breach(words: string): void {
    this.broken.push(`${words} (at ${this.#now()})`);
  }

  /** Components with problems that a detection finds; without those whose probes are slow. */
  get inTrouble(): string[] {
    return COMPONENTS.filter((one) => this.isPrompt(one) && this.#isFound(one));
  }

  /** Returns whether all probes of a component answer at once, so that a detection sees its current state. */
  isPrompt(component: string): boolean {
    return probesOf(component).every((name) => this.#world.probes.isPrompt(name));
  }

  #isFound(component: string): boolean {
    if (probesOf(component).some((name) => this.#world.truthOf(name).status === 'bad')) return true;
    const isUnit = SERVICES.includes(component);
    // An unlisted unit is reported only if it failed.
    if (isUnit && (!this.#listed || component === STRAY))
      return ['bad', 'worse', 'looping'].includes(this.#world.conditionOf(component));
    const isLooked = component === 'memory' || component === 'load' || isUnit;
    return isLooked && this.#world.truthOf(component).status === 'bad';
  }

  /** Returns whether an approval request for a component is obsolete. */
  #isOver(component: string): boolean {
    const found = ['bad', 'worse', 'looping'].includes(this.#world.conditionOf(component));
    return this.#listed ? this.#world.truthOf(component).status === 'ok' : !found;
  }

  /** The engine reads everything. A component with probes is evaluated when they return. */
  look(): void {
    const now = this.#now();
    for (const component of ASPECTS) {
      if (Object.hasOwn(PROBES, component) || probesOf(component).length > 0) continue;
      const { status, moving } = this.#world.truthOf(component);
      if ((status !== 'ok' && !this.#isIdle(component)) || moving) this.memories.ill(component);
      else this.memories.well(component, now);
    }
    this.#weather(now);
    this.questions.look();
  }

  /** An unlisted service may be inactive. */
  #isIdle(component: string): boolean {
    const isListed = this.#listed && component !== STRAY;
    return !isListed && SERVICES.includes(component) && this.#world.conditionOf(component) === 'low';
  }

  #answered(name: string, { answer, inLook }: Run): void {
    const component = PROBES[name]!.component;
    if (!inLook || answer === undefined) return;
    const isWell = component === name || this.#isIdle(component);
    const own = isWell ? 'ok' : this.#world.truthOf(component).status;
    if (answer.status === 'ok' && own !== 'bad') this.memories.well(component, this.#now());
    else if (answer.status === 'bad') this.memories.ill(component);
  }

  /** An issue of a listed service opened, or was cleared. */
  turned(component: string, open: boolean): void {
    if (!open) this.#openSince.delete(component);
    else this.#openSince.set(component, this.#now());
    this.#weather(this.#now());
  }

  /** Checks that an execution is allowed. */
  begin(doing: Doing, moment: Moment): void {
    const { component, action, scope } = doing;
    const now = this.#now();
    const what = `${action} of ${component}`;
    this.seen.acts += 1;
    const must = (right: boolean, why: string): void => void (right || this.breach(`${what}: ${why}`));
    // A repair that is being recorded at the moment of a change counts as running.
    if (!moment.justSwitched) {
      must(!moment.dryRun, 'in a dry run');
      must(moment.mayHeal, 'while healing is disabled');
      must(this.pauses.size === 0, `while paused for ${[...this.pauses].join()}`);
    }
    const severity = this.#mustBeBad(component, must);
    const forbidden = this.#listed ? FORBIDDEN : FORBIDDEN.filter((one) => one !== 'stray');
    must(!forbidden.includes(component), 'which is protected or not allowed');
    this.#mustBeApart(doing, must);
    must(!this.interrupted.has(component), 'blindly repeated after a crash');
    const { backoff, openUntil, humanSince } = this.memories.of(component);
    const until = backoff.get(action)?.until ?? 0;
    must(until <= now, `${until - now} ms before its backoff is over`);
    must((openUntil ?? 0) <= now, 'though its breaker is open');
    must(humanSince === null, 'though a human is needed');
    const lately = this.lately(scope);
    must(lately.length < 20, `the ${lately.length + 1}th of this scope within an hour`);
    const own = lately.filter((one) => one === component).length;
    must(own < 6, `the ${own + 1}th within an hour`);
    const calm = this.#storm === null || now - this.#storm.last >= 10 * MINUTE;
    must(calm || component === 'memory', 'in a storm');
    if (severity === 2)
      must(this.#world.truthOf('load').status !== 'bad', 'of MEDIUM severity, under high load');
    this.questions.use(component, moment, must);
    this.doing.set(component, doing);
  }

  /** Checks that it was read as bad, and is not in transition. Returns its severity. */
  #mustBeBad(component: string, must: (right: boolean, why: string) => void): number {
    const { probes } = this.#world;
    const own = probesOf(component).includes(component) ? [] : [this.#world.truthOf(component)];
    const answers = probesOf(component).map(
      (name) => probes.runs.get(name)?.findLast(({ answer }) => answer)?.answer,
    );
    const read = [...own, ...answers.filter((answer) => answer !== undefined)];
    const bad = read.filter(({ status }) => status === 'bad');
    const severity = Math.max(0, ...bad.map((one) => one.severity));
    if (this.#world.justChanged(component)) return severity;
    must(bad.length > 0, `though it reads ${read.map(({ status }) => status).join()}`);
    must(!read.some(({ moving }) => moving), 'in transition');
    must(severity > 1, 'though its severity is LOW');
    return severity;
  }

  /** Checks that at most three others of its scope are running, and none of them on its unit. */
  #mustBeApart(
    { component, action, scope, touches }: Doing,
    must: (right: boolean, why: string) => void,
  ): void {
    must(!this.doing.has(component), 'while it is being repaired');
    const beside = [...this.doing.values()].filter((one) => one.scope === scope);
    if (beside.length > 0) this.seen.beside += 1;
    must(beside.length < 4, `beside ${beside.length} others`);
    must(action !== 'mend_host' || beside.every((one) => one.action !== action), 'beside the same action');
    must(this.#storm === null || beside.length === 0, 'beside another one, in a storm');
    for (const other of beside) {
      const shared = other.touches.filter((unit) => touches.includes(unit));
      must(
        shared.length === 0,
        `beside ${other.action} of ${other.component}, which works on ${shared.join()}`,
      );
    }
  }

  /** Returns the components of the repairs of a scope within an hour. */
  lately(scope: Scope): readonly string[] {
    const now = this.#now();
    return this.#acts.filter((act) => act.scope === scope && act.at > now - HOUR).map((act) => act.component);
  }

  /** The executor has ended, with its effects on the host. */
  end(doing: Doing, counts: boolean): void {
    doing.ended = true;
    this.doing.delete(doing.component);
    this.questions.forget(doing.question, doing.component);
    if (counts) this.unrecorded.push(doing);
  }

  reset(component: string): void {
    this.resetting = undefined;
    // An earlier expiry counts as an earlier rejection, and is reset with the rest.
    this.questions.look();
    this.memories.reset(component);
  }

  /** Checks a saved state: everything new in it must have happened, and be reported. */
  stored(state: GuardState, mayMisfire: (component: string) => boolean): void {
    // It counts once it is on disk, even if its caller is killed before the result.
    const { resetting } = this;
    if (
      resetting !== undefined &&
      recordOf(state, resetting).failures + recordOf(state, resetting).relapses === 0
    )
      this.reset(resetting);
    const told: string[] = [];
    for (const { at, component, action, scope, outcome } of state.acts) {
      // The same repair may end twice at one time.
      const words = `${at} ${component} ${action}`;
      const name = `${words} ${told.filter((one) => one === words).length}`;
      told.push(words);
      if (this.#recorded.has(name)) continue;
      this.#recorded.add(name);
      const made = this.unrecorded.find((one) => one.component === component && one.action === action);
      const cut = this.interrupted.get(component);
      const open = state.intents.some((one) => one.component === component && one.at === cut?.begun);
      const fixed = outcome === 'fixed';
      let check: string | undefined;
      if (made) {
        this.unrecorded = this.unrecorded.filter((one) => one !== made);
        ({ check } = made);
        if (fixed && (!this.#isWell(component) || made.doomed))
          this.breach(`${action} of ${component} is called fixed`);
      } else if (cut?.scope === scope && cut.action === action && !open) {
        this.seen.interrupted += 1;
        this.interrupted.delete(component);
        ({ check } = cut);
        this.questions.forget(cut.question, cut.component);
        if (fixed && !this.#isWell(component, true))
          this.breach(`The interrupted ${action} of ${component} is called fixed`);
      } else if (!mayMisfire(component)) {
        this.breach(`${action} of ${component} is on record as ${outcome}, and nobody did it`);
      }
      this.#acts.push({ at, component, scope });
      if (fixed) this.seen.fixed += 1;
      else if (this.#storm) this.#storm = { last: at };
      this.memories.acted({
        component,
        action,
        at,
        fixed,
        check,
        gained: component === 'memory' && made !== undefined,
      });
    }
  }

  /** The engine died. The next one knows what was saved. */
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
    for (const { component, action, scope, at, check } of durable?.intents ?? []) {
      if (this.interrupted.has(component)) continue;
      const about = {
        component,
        action,
        scope,
        check,
        begun: at,
        question: '',
        touches: [],
        doomed: false,
        ended: false,
      };
      this.interrupted.set(component, about);
    }
    for (const reason of this.pauses) {
      if (!Object.hasOwn(durable?.pauses ?? {}, reason))
        this.breach(`The pause for ${reason} is forgotten by a crash`);
    }
    this.questions.died(durable);
    this.memories.restarted();
    this.#openSince.clear();
    this.#storm = durable?.storm ? { last: durable.storm.lastFailure } : null;
  }

  /** The saved state was lost: caution applies. */
  lost(): void {
    this.memories.lost();
    this.#acts = [];
    this.#recorded.clear();
    this.#storm = null;
    this.interrupted.clear();
    this.questions.all.clear();
    this.pauses.clear();
  }

  /** Returns the last reading: the current state of a unit, or the last result of a probe. */
  #isWell(component: string, isInterrupted = false): boolean {
    const { status, moving } = this.#world.truthOf(component);
    const answers = probesOf(component).map((name) => this.#world.probes.lastRun(name)?.answer?.status);
    const isProbe = probesOf(component).includes(component);
    const watched = this.#listed || component !== 'db';
    const right = (answer: string | undefined): boolean =>
      isInterrupted ? answer === 'ok' : answer !== 'bad';
    return answers.every(right) && (isProbe || !watched || (status === 'ok' && !moving));
  }

  #weather(now: number): void {
    if (!this.#listed) return;
    const since = LISTED.flatMap((component) => {
      const { status, severity } = this.#world.truthOf(component);
      return status === 'bad' && severity > 1 ? (this.#openSince.get(component) ?? []) : [];
    });
    if (this.#storm) {
      const calm = now - this.#storm.last >= 10 * MINUTE;
      if (since.length === 0 || (calm && since.length <= LISTED.length / 2)) this.#storm = null;
      else this.#storm = { last: Math.max(this.#storm.last, ...since) };
    } else if (since.filter((one) => one > now - MINUTE).length > LISTED.length / 2) {
      this.seen.storms += 1;
      this.#storm = { last: Math.max(...since) };
    }
  }
}
