import { DEATH_AFTER, DOWN, HANG, HOUR, MINUTE, RELAPSE_AFTER, SECOND } from './spec-events.js';
import type { Name, Seen, SpecEvent, Way } from './spec-events.js';

/** Two readings, a second apart. */
const PROOF = 2 * SECOND;
/** Age after which a repair without a recorded end is verified. */
const SETTLE = 3 * SECOND;
/** Duration of health that resets a component, and after which an issue is no relapse. */
const RESET = 10 * MINUTE;
const LAPSE = 15 * MINUTE;

type Fix = { readonly at: number; readonly strikes: number; readonly probation: boolean };
/** Record of a component. */
const newComponent = () => ({
  /** Current state, and the state at the next change. */
  ...{ bad: true, badAt: Infinity },
  /** State of the issue, and start of a repair without a recorded end. */
  ...{ open: false, cut: null as number | null },
  ...{ acts: [] as number[], strikes: 0, relapses: 0, repairs: 0, since: 0, until: 0 },
  ...{ openUntil: null as number | null, healthySince: null as number | null, fix: null as Fix | null },
  asked: null as { readonly at: number; yes: boolean } | null,
});
type Component = ReturnType<typeof newComponent>;

/**
 * Specification of the engine for two components, to be read from top to bottom: HEALING, section 5. `a` is repaired
 * without approval; the repair of `b` needs one. Each has one check, which needs a second for a reading and two
 * readings in a row for a proof.
 */
export class Specification {
  #now = 0;
  #paused = false;
  readonly #all = { a: newComponent(), b: newComponent() };

  /** Applies an event. Returns the expected observation. */
  step(event: SpecEvent): Seen {
    if (event === 'a turns' || event === 'b turns') return this.#turn(event === 'a turns' ? 'a' : 'b');
    if (event === 'a minute passes') return this.#pass(MINUTE);
    if (event === 'eleven minutes pass') return this.#pass(11 * MINUTE);
    if (event === 'a person approves') return this.#approve();
    if (event === 'a person pauses or resumes') return this.#pause();
    if (event === 'a look, dies in the act of a') return this.#look('die');
    return this.#look(event.slice('a look, repairs '.length) as Way);
  }

  #turn(name: Name): Seen {
    const one = this.#all[name];
    [one.bad, one.badAt] = [!this.#isBad(one), Infinity];
    return [];
  }

  #pass(ms: number): Seen {
    this.#now += ms;
    return [];
  }

  #pause(): Seen {
    this.#paused = !this.#paused;
    return [];
  }

  #isBad = ({ bad, badAt }: Component): boolean => bad || badAt <= this.#now;

  /** Runs a cycle: reads both components, and repairs bad ones at the same time. */
  #look(way: Way): Seen {
    const { a, b } = this.#all;
    const before = this.#now;
    this.#lapse();
    for (const one of [a, b]) this.#read(one);
    for (const one of [a, b]) this.#settle(one);
    const bad = (['a', 'b'] as const).filter((name) => this.#isBad(this.#all[name]));
    const seen: string[] = [];
    let [end, died] = [before, false];
    for (const name of bad) {
      this.#now = before;
      const outcome = this.#repair(name, way === 'die' && name === 'b' ? 'help' : way);
      died ||= outcome === 'died';
      seen.push(`${name}: ${outcome}`);
      end = Math.max(end, this.#now);
    }
    this.#now = end;
    if (died) this.#restart();
    return died ? ['died'] : seen;
  }

  /** A request without an answer in time is rejected; the next one waits as after an ineffective repair. */
  #lapse(): void {
    const { b } = this.#all;
    if (b.asked === null || this.#now - b.asked.at < LAPSE) return;
    b.asked = null;
    this.#wait(b, false);
  }

  /** An issue opens at a bad reading, and clears at a good one, but never while a repair of it has no end. */
  #read(one: Component): void {
    if (this.#isBad(one)) {
      if (!one.open) this.#opens(one);
      one.open = true;
      one.healthySince = null;
      return;
    }
    if (one.open && one.cut === null) [one.open, one.asked] = [false, null];
    one.healthySince ??= this.#now;
    if (this.#now - one.healthySince >= RESET)
      Object.assign(one, { strikes: 0, relapses: 0, repairs: 0, since: 0, until: 0, openUntil: null });
  }

  /** The same issue soon after `fixed` is a relapse of that repair. An early one counts for the breaker. */
  #opens(one: Component): void {
    const { fix } = one;
    if (fix === null || this.#now - fix.at > RESET) return;
    const early = this.#now - fix.at < Math.min(10 * MINUTE, MINUTE * 2 ** one.relapses);
    one.fix = null;
    one.relapses += 1;
    if (one.repairs > 0) one.until = Math.max(one.until, one.since + waitAfter(one.repairs));
    if (early) this.#strike(one, fix.strikes, fix.probation);
  }

  /** An interrupted repair is verified by the reading, and never blindly repeated. */
  #settle(one: Component): void {
    if (one.cut === null || this.#now - one.cut < SETTLE) return;
    const isBad = this.#isBad(one);
    const lasting = one.healthySince !== null && this.#now - one.healthySince >= SETTLE;
    if (!isBad && !lasting && this.#now - one.cut < RESET) return;
    this.#record(Object.assign(one, { cut: null }), !isBad);
  }

  /** Applies every gate in order; then the repair, its proof and its record. */
  #repair(name: Name, way: Way): string {
    const one = this.#all[name];
    if (this.#paused) return 'paused';
    if (!this.#isBad(one)) return 'already-healthy';
    if (one.cut !== null) return 'in-flight';
    if (one.openUntil !== null && one.openUntil > this.#now) return 'breaker-open';
    if (one.until > this.#now) return 'backoff';
    if (one.acts.filter((at) => at > this.#now - HOUR).length >= 6) return 'budget';
    if (name === 'b' && one.asked?.yes !== true) {
      one.asked ??= { at: this.#now, yes: false };
      return 'needs-approval';
    }
    return this.#act(one, way);
  }

  #act(one: Component, way: Way): string {
    one.asked = null;
    if (way === 'die') {
      one.cut = this.#now;
      this.#now += DEATH_AFTER;
      return 'died';
    }
    if (way === 'hang') this.#now += HANG;
    if (way !== 'do not help') [one.bad, one.badAt] = [false, Infinity];
    if (way === 'relapse') one.badAt = this.#now + RELAPSE_AFTER;
    this.#now += PROOF;
    this.#record(one, way !== 'do not help');
    return way === 'do not help' ? 'ineffective' : 'fixed';
  }

  /** Fixed implies cleared. After other results the wait grows each time, and three of them open the breaker. */
  #record(one: Component, fixed: boolean): void {
    const probation = one.openUntil !== null && one.openUntil <= this.#now;
    one.acts.push(this.#now);
    one.healthySince = null;
    one.fix = fixed ? { at: this.#now, strikes: one.strikes, probation } : null;
    this.#wait(one, fixed);
    if (fixed) Object.assign(one, { strikes: 0, openUntil: null, open: false });
    else this.#strike(one, one.strikes, probation);
  }

  #wait(one: Component, fixed: boolean): void {
    one.repairs += 1;
    one.since = this.#now;
    one.until = this.#now + waitAfter(fixed ? one.repairs - 1 : one.repairs);
  }

  #strike(one: Component, before: number, probation: boolean): void {
    one.strikes = before + 1;
    if (probation || one.strikes % 3 === 0) one.openUntil = this.#now + HOUR;
  }

  /** An approval is refused while paused, and otherwise kept; if the issue is open, the repair runs at once. */
  #approve(): Seen {
    const { b } = this.#all;
    this.#lapse();
    // No approval is possible while repairs are paused.
    if (b.asked === null || b.asked.yes || this.#paused) return ['nothing is asked'];
    b.asked.yes = true;
    return b.open ? [`b: ${this.#repair('b', 'help')}`] : [];
  }

  /** A new engine has had no cycle yet: it knows what was on disk, and nothing else. */
  #restart(): void {
    this.#now += DOWN;
    for (const one of [this.#all.a, this.#all.b]) [one.open, one.healthySince] = [false, null];
  }
}

/** The first effective repair may be followed by the next at once; then 1 min x 2, up to 10 min. */
const waitAfter = (repairs: number): number =>
  repairs === 0 ? 0 : Math.min(10 * MINUTE, MINUTE * 2 ** (repairs - 1));
