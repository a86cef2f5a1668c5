import type { Listed } from './dbus-calls.js';
import { unitPath } from './dbus-properties.js';
import type { Mark, Watch } from './dbus-watch.js';
import { merged, type UnitFacts } from './unit-facts.js';

/** All is listed again after this time, whatever the signals said. */
export const MAX_AGE_MS = 30_000;
/** What a list does not show is read again after this time … */
const FULL_AGE_MS = 600_000;
/** … of so many units at a look: a thousand at once would keep systemd busy for a second. */
const MOST_IN_FULL = 50;

/** What has to be known of a unit to read it in full. */
export type Target = Pick<Listed, 'id' | 'path'>;

interface Known {
  readonly facts: UnitFacts;
  readonly mark: Mark;
  readonly readAt: number;
  readonly seenAt: number;
}

/** What has to be done to know some units, by the names they were asked for. */
export interface Sorted {
  /** Known, and signalled no change; also of units that were not asked for. */
  readonly fresh: Map<string, UnitFacts>;
  /** The same, but of so long ago that a list has to confirm it. */
  readonly due: readonly UnitFacts[];
  /** Changed, but their names still mean the same units. */
  readonly changed: Map<string, Target>;
  readonly strange: readonly string[];
}

/** What was read of units over one connection, for as long as it may hold. */
export interface KnownUnits {
  /** With `anew`, whatever is known of these counts as changed. */
  sort(names: readonly string[], anew?: boolean): Sorted;
  /** Whether a list shows the unit, and what triggers it, as it was read; then it is known for as long again. */
  confirm(facts: UnitFacts, listed: ReadonlyMap<string, Listed>): boolean;
  /** Keeps what was read from this moment on, unless something newer is known. */
  keep(name: string, facts: UnitFacts, mark: Mark, readAt: number): void;
}

/** The names that a list has to hold to confirm these. */
export const namesIn = (units: readonly UnitFacts[]): readonly string[] =>
  merged(...units.map(({ name, triggeredBy }) => [name, ...triggeredBy.map((trigger) => trigger.name)]));

/** Makes the memory of one connection. */
export function createKnownUnits(watch: Watch, now: () => number): KnownUnits {
  const known = new Map<string, Known>();

  return {
    sort(names, anew = false) {
      const at = now();
      const fresh = new Map<string, UnitFacts>();
      const changed = new Map<string, Target>();
      const due: UnitFacts[] = [];
      const wanted = new Set(names);
      let inFull = 0;
      for (const [name, { facts, mark, readAt, seenAt }] of known) {
        const isOld = at - seenAt >= MAX_AGE_MS;
        if (isOld && !wanted.has(name)) known.delete(name);
        else if (!watch.namesHoldSince(mark)) continue;
        else if (
          (anew && wanted.has(name)) ||
          !watch.unchangedSince(mark) ||
          (at - readAt >= FULL_AGE_MS && inFull++ < MOST_IN_FULL)
        ) {
          if (wanted.has(name)) changed.set(name, { id: facts.id, path: unitPath(facts.id) });
        } else if (isOld) due.push(facts);
        else fresh.set(name, facts);
      }
      const toConfirm = new Set(due.map(({ name }) => name));
      const isStrange = (name: string): boolean =>
        !fresh.has(name) && !changed.has(name) && !toConfirm.has(name);
      return { fresh, due, changed, strange: [...wanted].filter(isStrange) };
    },

    confirm(facts, listed) {
      const entry = known.get(facts.name);
      if (entry?.facts !== facts || !isAsListed(facts, listed)) return false;
      known.set(facts.name, { ...entry, seenAt: now() });
      return true;
    },

    keep(name, facts, mark, readAt) {
      if ((known.get(name)?.readAt ?? -Infinity) <= readAt)
        known.set(name, { facts, mark, readAt, seenAt: readAt });
    },
  };
}

function isAsListed(facts: UnitFacts, listed: ReadonlyMap<string, Listed>): boolean {
  const unit = listed.get(facts.name);
  return (
    unit?.id === facts.id &&
    unit.loadState === facts.loadState &&
    unit.activeState === facts.activeState &&
    unit.subState === facts.subState &&
    unit.job === facts.job &&
    facts.triggeredBy.every(({ name, activeState }) => listed.get(name)?.activeState === activeState)
  );
}
