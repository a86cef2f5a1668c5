import type { Check } from '../../src/detect/check.js';
import type { Verdict } from '../../src/model/issue.js';
import type { WorldClock } from './clock.js';
import { PROBES, truthIn, type Condition, type Truth } from './conditions.js';

/** Delay until a probe returns, in milliseconds, or never. */
export type Manner = number | 'never';

/** One run of a probe, as an observer sees it. */
export interface Run {
  readonly name: string;
  /** Order number of the start. */
  readonly began: number;
  readonly inLook: boolean;
  /** Result; `undefined` while it is running, or if it came too late. */
  answer?: Truth | undefined;
}

/** Probes of a world: their prescribed delays, and their results. */
export class Probes {
  readonly runs = new Map<string, Run[]>();
  /** `true` during a reading of everything. */
  inLook = false;
  /** Called when a probe has returned in time. */
  answered: (name: string, run: Run) => void = () => undefined;
  #order = 0;
  /** Runs of this life that have not ended. */
  #running = new Set<Run>();
  /** Time at which hanging runs were released. */
  readonly #letGo = new Map<string, number>();
  readonly #clock: WorldClock;
  readonly #conditionOf: (aspect: string) => Condition;
  readonly #manners = new Map<string, Manner>();
  #hanging: { readonly name: string; readonly release: () => void }[] = [];

  constructor(clock: WorldClock, conditionOf: (aspect: string) => Condition) {
    this.#clock = clock;
    this.#conditionOf = conditionOf;
  }

  /** Next order number. */
  next(): number {
    this.#order += 1;
    return this.#order;
  }

  /** Sets the delay of a probe; hanging runs end now. */
  answer(name: string, manner: Manner): void {
    this.#manners.set(name, manner);
    for (const one of this.#hanging) {
      if (one.name !== name) continue;
      one.release();
      this.#letGo.set(name, this.#clock.monotonic);
    }
    this.#hanging = this.#hanging.filter((one) => one.name !== name);
  }

  /** Returns whether a probe returns at once, which an earlier run that has not ended prevents. */
  isPrompt(name: string): boolean {
    const isBusy = [...this.#running].some((run) => run.name === name);
    // A run that was released at this moment has not quite ended.
    const isEnding = this.#letGo.get(name) === this.#clock.monotonic;
    return this.#mannerOf(name) === 0 && !isBusy && !isEnding;
  }

  /** Returns whether a probe returns, at once or within its time limit. */
  isInTime(name: string): boolean {
    const manner = this.#mannerOf(name);
    const runs = this.runs.get(name) ?? [];
    return manner !== 'never' && manner < PROBES[name]!.timeoutMs && runs.every(({ answer }) => answer);
  }

  lastRun(name: string): Run | undefined {
    return this.runs.get(name)?.at(-1);
  }

  /** Returns the checks for one life of an engine. */
  checks(isDead: () => boolean): Check[] {
    const running = (this.#running = new Set<Run>());
    return Object.entries(PROBES).map(([name, { component, timeoutMs, settleMs }]) => ({
      ...{ name, component, timeoutMs, type: 'service' as const, parts: [] },
      // The resolver picks the action; for a unit its restart.
      ...(component === 'web' ? { heals: 'web' } : {}),
      // The other checks keep the default.
      ...(settleMs === 60_000 ? {} : { settleMs }),
      run: () => this.#run(name, isDead, running),
    }));
  }

  #run(name: string, isDead: () => boolean, running: Set<Run>): Verdict | Promise<Verdict> {
    const run: Run = { name, began: this.next(), inLook: this.inLook };
    if (!isDead()) this.runs.set(name, [...(this.runs.get(name) ?? []).slice(-5), run]);
    const manner = this.#mannerOf(name);
    if (manner === 0) return this.#end(name, run, isDead);
    const begun = this.#clock.monotonic;
    running.add(run);
    const done = (): Verdict => {
      running.delete(run);
      const inTime = this.#clock.monotonic - begun < PROBES[name]!.timeoutMs;
      return this.#end(name, run, () => isDead() || !inTime);
    };
    if (manner !== 'never') return this.#clock.sleep(manner, isDead).then(done);
    return new Promise<void>((release) => this.#hanging.push({ name, release })).then(done);
  }

  #end(name: string, run: Run, isLate: () => boolean): Verdict {
    const condition = this.#conditionOf(name);
    const { status, severity } = truthIn(name, condition);
    if (!isLate()) {
      run.answer = truthIn(name, condition);
      this.answered(name, run);
    }
    if (condition === 'starting') throw new Error('the check is broken');
    return { status, severity, reason: `${name} is ${condition}` };
  }

  #mannerOf(name: string): Manner {
    return this.#manners.get(name) ?? 0;
  }
}
