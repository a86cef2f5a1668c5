import type { Check } from '../../src/detect/check.js';
import type { Severity } from '../../src/issue.js';
import type { ReadRequest } from '../../src/host/host.js';
import type { Snapshot } from '../../src/host/snapshot.js';
import type { UnitRelations } from '../../src/host/unit-relations.js';
import type { UnitReading } from '../../src/host/unit.js';
import {
  failedUnit,
  healthySnapshot,
  memoryReading,
  unitReading,
  unknownUnit,
} from '../../src/testing/index.js';
import { unitRelations } from '../../src/testing/unit-relations.js';
import type { WorldClock } from './clock.js';

/** How a component can be. */
export const CONDITIONS = ['ok', 'bad', 'worse', 'low', 'unknown', 'starting', 'looping', 'near'] as const;
export type Condition = (typeof CONDITIONS)[number];

/** Services that are listed. `sshd` is protected, and `proxy` would stop a protected unit. */
export const LISTED = ['web', 'db', 'queue', 'mail', 'sshd', 'proxy'] as const;
/** A service that nobody listed. */
export const STRAY = 'stray';
/** Two own parts of the host program, and a resource. */
export const OTHERS = ['pool', 'worker', 'memory', 'load'] as const;
export const COMPONENTS: readonly string[] = [...LISTED, STRAY, ...OTHERS];
export const SERVICES: readonly string[] = [...LISTED, STRAY];
export const FORBIDDEN: readonly string[] = ['sshd', 'proxy', STRAY];

/** What a reading says in each condition: what the rules may rest on. */
export interface Truth {
  readonly status: 'ok' | 'bad' | 'unknown';
  readonly severity: Severity;
  /** On its way to another state by itself. */
  readonly moving: boolean;
}

const truth = (status: Truth['status'], severity: Severity = 3, moving = false): Truth => ({
  status,
  severity,
  moving,
});

/** The host, as it really is. */
export class World {
  readonly #units = new Map<string, UnitReading>();
  #snapshot: Snapshot = healthySnapshot();
  readonly #clock: WorldClock;
  readonly #conditions = new Map<string, Condition>();
  readonly #changedAt = new Map<string, number>();
  #runs = 0;

  constructor(clock: WorldClock) {
    this.#clock = clock;
    for (const component of COMPONENTS) this.turn(component, 'ok');
  }

  /** What a host answers. Every part is told, asked for or not: a history has thousands of readings. */
  read({ units = [], discover = false }: ReadRequest): Snapshot {
    const asked = units.map((name) => this.#units.get(name) ?? unknownUnit(name));
    const inTrouble = (unit: UnitReading) => unit.activeState === 'failed' || unit.recentRestarts > 0;
    const troubled = discover ? [...this.#units.values()].filter(inTrouble) : [];
    return { ...this.#snapshot, timestamp: this.#clock.wall, units: { asked, troubled } };
  }

  conditionOf(component: string): Condition {
    return this.#conditions.get(component) ?? 'ok';
  }

  truthOf(component: string): Truth {
    const condition = this.conditionOf(component);
    if (component === 'memory' || component === 'load') {
      if (condition === 'unknown') return truth('unknown');
      if (condition === 'worse') return truth('bad', 3);
      return condition === 'bad' ? truth('bad', 2) : truth('ok');
    }
    if (!SERVICES.includes(component)) {
      if (condition === 'unknown' || condition === 'starting') return truth('unknown');
      if (condition === 'low') return truth('bad', 1);
      if (condition === 'worse') return truth('bad', 4);
      return condition === 'bad' || condition === 'looping' ? truth('bad', 3) : truth('ok');
    }
    switch (condition) {
      case 'ok':
      case 'near':
        return truth('ok');
      case 'bad':
      case 'worse':
        return truth('bad', 3);
      case 'low':
        return truth('bad', 1);
      case 'unknown':
        return truth('unknown');
      case 'starting':
        return truth('ok', 3, true);
      case 'looping':
        return truth('bad', 3, true);
    }
  }

  /** Whether it turned into what it is while something was under way, in this very moment. */
  justChanged(component: string): boolean {
    return this.#changedAt.get(component) === this.#clock.monotonic;
  }

  /** It turns while something is under way. */
  turnMeanwhile(component: string, condition: Condition): void {
    this.#changedAt.set(component, this.#clock.monotonic);
    this.turn(component, condition);
  }

  turn(component: string, condition: Condition): void {
    this.#conditions.set(component, condition);
    if (component === 'memory') {
      const unknown = { unknown: 'it cannot be read' };
      const used = { ok: 40, near: 83, bad: 88, low: 88, worse: 97, unknown: 0, starting: 40, looping: 40 }[
        condition
      ];
      const memory = condition === 'unknown' ? unknown : memoryReading(condition === 'low' ? 40 : used);
      this.#snapshot = { ...this.#snapshot, memory };
    } else if (component === 'load') {
      const one = {
        ok: 0.5,
        near: 7.9,
        bad: 9,
        low: 0.5,
        worse: 20,
        unknown: 0,
        starting: 0.5,
        looping: 0.5,
      }[condition];
      const reading = { one, five: 0, fifteen: 0, cpus: 4 };
      const load = condition === 'unknown' ? { unknown: 'it cannot be read' } : reading;
      this.#snapshot = { ...this.#snapshot, load };
    } else if (SERVICES.includes(component)) {
      this.#turnUnit(component, condition);
    }
  }

  /** A restart gives a service a new run. */
  rerun(component: string): void {
    if (SERVICES.includes(component) && this.conditionOf(component) === 'ok') this.turn(component, 'ok');
  }

  /** Later, in this world. */
  later(ms: number, change: () => void): void {
    void this.#clock.sleep(ms).then(change);
  }

  /** What a job for a unit does to others: a start of `proxy` would stop a protected unit. */
  relations(name: string): UnitRelations {
    const { activeState = 'active', loadState = 'loaded' } = this.#units.get(name) ?? {};
    const conflicts = name === 'proxy.service' ? ['systemd-logind.service'] : [];
    return unitRelations({ name, activeState, loadState, conflicts });
  }

  /** Looks at the own parts of the host program, which no reading of the host tells. */
  get checks(): Check[] {
    return ['pool', 'worker'].map((name) => ({
      name,
      component: name,
      type: 'service' as const,
      parts: [],
      heals: { action: 'restart_service', parameters: { service: name } },
      run: () => {
        const { status, severity } = this.truthOf(name);
        if (this.conditionOf(name) === 'starting') throw new Error('the check is broken');
        return { status, severity, reason: `${name} is ${this.conditionOf(name)}` };
      },
    }));
  }

  #turnUnit(component: string, condition: Condition): void {
    const name = `${component}.service`;
    this.#runs += 1;
    const base = {
      name,
      id: name,
      names: [name],
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
