import { defineAction, verifyByCheck } from '../../src/actions/define.js';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { isSelfHealingError } from '../../src/base/errors.js';
import type { GuardState } from '../../src/memory/state.js';
import type { Plan } from '../../src/model/plan.js';
import type { HealingResult } from '../../src/model/result.js';
import { healthySnapshot } from '../../src/testing/index.js';
import { WorldClock } from './clock.js';
import {
  DEATH_AFTER,
  DOWN,
  EVENTS,
  HANG,
  RELAPSE_AFTER,
  type Name,
  type Seen,
  type SpecEvent,
  type Way,
} from './spec-events.js';
import { Specification } from './specification.js';
import type { Execution } from '../../src/model/execution.js';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const ACTIONS = {
  mend: defineAction({
    parse: () => ({}),
    plan: () => ({ targets: [], steps: [], effect: '' }),
    verify: verifyByCheck,
    ...{ scope: 'process', risk: 'reversible', timeoutMs: 60 * 60_000 },
  }),
};

const planOf = (component: string): Plan => ({
  ...{ action: 'mend', parameters: { component }, scope: 'process', risk: 'reversible', steps: [] },
  targets: [{ kind: 'plain', id: component }],
  ...{ effect: `${component} is well`, notes: [] },
  ...(component === 'b' ? { approval: 'A person has to decide' } : {}),
});

/** Real engine in a world of two components, driven by the events of the specification. */
class Real {
  readonly #clock = new WorldClock(() => 0);
  readonly #bad = { a: true, b: true };
  readonly #era = { a: 0, b: 0 };
  #disk: GuardState | undefined;
  #way: Way = 'help';
  #paused = false;
  #lives = 0;
  #died = false;
  #engine = this.#begin();

  async step(event: SpecEvent): Promise<Seen> {
    switch (event) {
      case 'a turns':
        return this.#turn('a', !this.#bad.a);
      case 'b turns':
        return this.#turn('b', !this.#bad.b);
      case 'a minute passes':
        await this.#clock.advance(60_000);
        return [];
      case 'eleven minutes pass':
        await this.#clock.advance(11 * 60_000);
        return [];
      case 'a person pauses or resumes':
        this.#paused = !this.#paused;
        await this.#drive(this.#paused ? this.#engine.pause('person') : this.#engine.resume('person'));
        return [];
      case 'a person approves':
        return this.#approve();
      default:
        this.#way =
          event === 'a look, dies in the act of a' ? 'die' : (event.slice('a look, repairs '.length) as Way);
        return this.#seen(await this.#drive(this.#engine.detectAndHeal()));
    }
  }

  async #approve(): Promise<Seen> {
    this.#way = 'help';
    const [id] = (this.#disk?.approvals ?? [])
      .filter(({ answer }) => answer === 'waiting')
      .map((one) => one.id);
    if (id === undefined) return ['nothing is asked'];
    try {
      const result = await this.#drive(this.#engine.approve(id));
      return this.#seen(result ? [result] : []);
    } catch (error) {
      if (isSelfHealingError(error)) return ['nothing is asked'];
      throw error;
    }
  }

  #turn(name: Name, bad: boolean): Seen {
    this.#bad[name] = bad;
    this.#era[name] += 1;
    return [];
  }

  /** Observes results. `fixed` is accepted only if the component is ok, and its issue is closed. */
  #seen(results: readonly HealingResult[] | undefined): Seen {
    if (results === undefined) return ['died'];
    const open = this.#engine.status().issues.map(({ component }) => component);
    const words = results.map(({ issue: { component }, outcome, blockedBy }) => {
      const lied = outcome === 'fixed' && (this.#bad[component as Name] || open.includes(component));
      return `${component}: ${lied ? 'called fixed, and is not' : (blockedBy ?? outcome)}`;
    });
    return words.sort();
  }

  async #drive<T>(work: Promise<T>): Promise<T | undefined> {
    const value = await this.#clock.drive(work, () => this.#died);
    if (!this.#died) return value;
    this.#lives += 1;
    this.#died = false;
    await this.#clock.advance(DOWN);
    this.#engine = this.#begin();
    return undefined;
  }

  #begin(): SimplifiedHealingEngine {
    const life = this.#lives;
    const isDead = (): boolean => this.#lives !== life || this.#died;
    return new SimplifiedHealingEngine({
      clock: this.#clock.portFor(isDead),
      host: { read: () => (isDead() ? never() : healthySnapshot()) },
      actions: ACTIONS,
      resolver: { getAction: ({ component }) => ({ action: 'mend', parameters: { component } }) },
      executor: {
        plan: ({ parameters }) => (isDead() ? never() : planOf(String(parameters['component']))),
        execute: ({ parameters }, { plan } = {}) =>
          isDead() ? never() : this.#act(parameters['component'] as Name, plan, isDead),
      },
      state: {
        load: () => Promise.resolve(this.#disk),
        save: (state) => {
          if (isDead()) return never();
          this.#disk = structuredClone(state);
          return Promise.resolve();
        },
      },
      enabledChecks: ['a', 'b'],
      checks: (['a', 'b'] as const).map((name) => ({
        ...{ name, component: name, type: 'service' as const, parts: [], settleMs: 2_000 },
        run: () =>
          this.#bad[name]
            ? { status: 'bad' as const, severity: 3 as const, reason: `${name} is bad` }
            : { status: 'ok' as const, reason: `${name} is ok` },
      })),
    });
  }

  async #act(name: Name, plan: Plan | undefined, isDead: () => boolean): Promise<Execution> {
    const way = this.#way === 'die' && name === 'b' ? 'help' : this.#way;
    if (way === 'die') {
      await this.#clock.sleep(DEATH_AFTER, isDead);
      this.#died = true;
      return never();
    }
    if (way === 'hang') await this.#clock.sleep(HANG, isDead);
    if (way !== 'do not help') this.#turn(name, false);
    if (way === 'relapse') {
      const era = this.#era[name];
      void this.#clock.sleep(RELAPSE_AFTER).then(() => {
        if (this.#era[name] === era) this.#turn(name, true);
      });
    }
    const done = {
      action: 'mend',
      outcome: 'executed',
      success: true,
      dryRun: false,
      steps: [],
      durationMs: 0,
    } as const;
    return plan ? { ...done, plan } : done;
  }
}

/** Plays a history in the real engine. Returns the differences from the specification. */
export async function differs(history: readonly SpecEvent[]): Promise<string | undefined> {
  const specified = new Specification();
  const real = new Real();
  for (const [at, event] of history.entries()) {
    const right = specified.step(event).join(', ');
    const seen = (await real.step(event)).join(', ');
    if (seen !== right)
      return `${history.slice(0, at + 1).join('; ')}: seen was "${seen}", specified is "${right}"`;
  }
  return undefined;
}

/** Returns every history with this number of events after a beginning. */
export function* historiesOf(
  depth: number,
  beginning: readonly SpecEvent[] = [],
): Generator<readonly SpecEvent[]> {
  if (depth === 0) yield beginning;
  else
    for (const before of historiesOf(depth - 1, beginning))
      for (const event of EVENTS) yield [...before, event];
}
