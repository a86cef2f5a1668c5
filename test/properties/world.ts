import type { ReadRequest } from '../../src/host/host.js';
import type { Snapshot } from '../../src/model/snapshot.js';
import type { UnitRelations } from '../../src/model/unit-relations.js';
import type { UnitReading } from '../../src/model/unit.js';
import {
  failedUnit,
  healthySnapshot,
  memoryReading,
  unitReading,
  unknownUnit,
} from '../../src/testing/index.js';
import { unitRelations } from '../../src/testing/unit-reading.js';
import type { WorldClock } from './clock.js';
import { ASPECTS, probesOf, SERVICES, truthIn, unitOf, type Condition, type Truth } from './conditions.js';
import { Probes } from './probes.js';

const USED = { ok: 40, near: 83, bad: 88, low: 40, worse: 97, unknown: 0, starting: 40, looping: 40 };
const LOAD = { ok: 0.5, near: 7.9, bad: 9, low: 0.5, worse: 20, unknown: 0, starting: 0.5, looping: 0.5 };
const UNKNOWN = { unknown: 'it cannot be read' };

/** The real state of the host. */
export class World {
  readonly probes: Probes;
  readonly #units = new Map<string, UnitReading>();
  #snapshot: Snapshot = healthySnapshot();
  readonly #clock: WorldClock;
  readonly #conditions = new Map<string, Condition>();
  readonly #changedAt = new Map<string, number>();
  readonly #lastBad = new Map<string, number>();
  readonly #turned = new Map<string, number>();
  readonly #neighbours = new Map<string, readonly string[]>([['proxy', ['systemd-logind.service']]]);
  #runs = 0;
  #era = 0;

  constructor(clock: WorldClock) {
    this.#clock = clock;
    this.probes = new Probes(clock, (aspect) => this.conditionOf(aspect));
    for (const aspect of ASPECTS) this.turn(aspect, 'ok');
  }

  /** Snapshot of the host. It always has every part, because a history has thousands of readings. */
  read({ units = [], discover = false }: ReadRequest): Snapshot {
    const asked = units.map((name) => this.#units.get(name) ?? unknownUnit(name));
    const inTrouble = (unit: UnitReading) => unit.activeState === 'failed' || unit.recentRestarts > 0;
    const troubled = discover ? [...this.#units.values()].filter(inTrouble) : [];
    return { ...this.#snapshot, timestamp: this.#clock.wall, units: { asked, troubled } };
  }

  conditionOf(aspect: string): Condition {
    return this.#conditions.get(aspect) ?? 'ok';
  }

  /** Returns the current reading of an aspect. */
  truthOf(aspect: string): Truth {
    return truthIn(aspect, this.conditionOf(aspect));
  }

  /** Returns the current readings of all probes of a component. */
  truthsOf(component: string): readonly Truth[] {
    const own = probesOf(component).includes(component) ? [] : [component];
    return [...own, ...probesOf(component)].map((aspect) => this.truthOf(aspect));
  }

  /** Returns whether its state changed at this very moment, during an operation. */
  justChanged(component: string): boolean {
    return [component, ...probesOf(component)].some(
      (aspect) => this.#changedAt.get(aspect) === this.#clock.monotonic,
    );
  }

  /** Order number at which it was bad last. */
  lastBad(aspect: string): number {
    return this.truthOf(aspect).status === 'bad' ? Infinity : (this.#lastBad.get(aspect) ?? 0);
  }

  /** Returns whether no component or probe of a component, or of its unit, has changed since an order number. */
  isSteady(component: string, since: number): boolean {
    const aspects = [component, unitOf(component), ...probesOf(component)];
    return aspects.every((aspect) => (this.#turned.get(aspect) ?? 0) <= since);
  }

  /** Applies a change during an operation. */
  turnDuring(aspect: string, condition: Condition): void {
    this.#changedAt.set(aspect, this.#clock.monotonic);
    this.turn(aspect, condition);
  }

  turn(aspect: string, condition: Condition): void {
    if (this.truthOf(aspect).status === 'bad') this.#lastBad.set(aspect, this.probes.next());
    this.#turned.set(aspect, this.probes.next());
    this.#conditions.set(aspect, condition);
    if (aspect === 'memory') {
      const memory = condition === 'unknown' ? UNKNOWN : memoryReading(USED[condition]);
      this.#snapshot = { ...this.#snapshot, memory };
    } else if (aspect === 'load') {
      const reading = { one: LOAD[condition], five: 0, fifteen: 0, cpus: 4 };
      this.#snapshot = { ...this.#snapshot, load: condition === 'unknown' ? UNKNOWN : reading };
    } else if (SERVICES.includes(aspect)) {
      this.#turnUnit(aspect, condition);
    }
  }

  /** A restart gives a service a new run. */
  rerun(component: string): void {
    if (SERVICES.includes(component) && this.conditionOf(component) === 'ok') this.turn(component, 'ok');
  }

  /** Returns the units that stop with a service, by full name. */
  neighboursOf(service: string): readonly string[] {
    return this.#neighbours.get(service) ?? [];
  }

  /** Effects of a job on other units: its neighbours conflict with it, so a start stops them. */
  relations(name: string): UnitRelations {
    const { activeState = 'active', loadState = 'loaded' } = this.#units.get(name) ?? {};
    const conflicts = [...this.neighboursOf(name.replace(/\.service$/, ''))];
    return unitRelations({ name, activeState, loadState, conflicts });
  }

  /** Sets the units that stop with a service. */
  joins(service: string, units: readonly string[]): void {
    const always = service === 'proxy' ? ['systemd-logind.service'] : [];
    const dragsAlong = [...always, ...units];
    this.#neighbours.set(service, dragsAlong);
    const unit = this.#units.get(`${service}.service`);
    if (unit) this.#units.set(unit.name, { ...unit, dragsAlong });
  }

  isRunning(unit: string): boolean {
    return this.#units.get(unit)?.activeState === 'active';
  }

  /** Schedules a change, unless everything has been repaired by then. */
  later(ms: number, change: () => void): void {
    const era = this.#era;
    void this.#clock.sleep(ms).then(() => {
      if (era === this.#era) change();
    });
  }

  /** Makes everything healthy and immediate, permanently. */
  putRight(): void {
    this.#era += 1;
    for (const aspect of ASPECTS) {
      this.turn(aspect, 'ok');
      this.probes.answer(aspect, 0);
    }
  }

  #turnUnit(component: string, condition: Condition): void {
    const name = `${component}.service`;
    this.#runs += 1;
    const base = {
      ...{ name, id: name, names: [name] },
      dragsAlong: [...this.neighboursOf(component)],
      needs: component === 'web' ? ['db.service'] : [],
      invocationId: String(this.#runs).padStart(32, '0'),
    };
    const units = {
      ok: unitReading,
      near: unitReading,
      bad: failedUnit,
      worse: failedUnit,
      low: (more: object) =>
        unitReading({ ...more, activeState: 'inactive', subState: 'dead', unitFileState: 'disabled' }),
      unknown: () => ({ ...unknownUnit(name), id: name, names: [name] }),
      starting: (more: object) => unitReading({ ...more, activeState: 'activating', subState: 'start' }),
      looping: (more: object) => unitReading({ ...more, recentRestarts: 4, restarts: 4 }),
    };
    this.#units.set(name, units[condition](base));
  }
}
