import type { ListedUnit, UnitRef } from './dbus-calls.js';
import { unitPath } from './dbus-properties.js';
import type { Mark, SignalWatch } from './signal-watch.js';
import { merged, type UnitFacts } from './unit-facts.js';

/** Milliseconds until all units are listed again, independent of signals. */
export const MAX_AGE_MS = 30_000;
/** Milliseconds until the facts that a list does not contain are read again … */
const FULL_AGE_MS = 600_000;
/** … of at most this many units per reading: a thousand at once would keep systemd busy for a second. */
const MAX_IN_FULL = 50;

interface Known {
  readonly facts: UnitFacts;
  readonly mark: Mark;
  readonly readAt: number;
  readonly seenAt: number;
}

/** Units by what has to be read of them, under their requested names. */
export interface SortedUnits {
  /** Known and unchanged; includes units that were not requested. */
  readonly fresh: Map<string, UnitFacts>;
  /** Known and unchanged, but old: a list has to confirm them. */
  readonly due: readonly UnitFacts[];
  /** Changed, with names that still refer to the same units. */
  readonly changed: Map<string, UnitRef>;
  /** Names whose unit is unknown. */
  readonly missing: readonly string[];
}

/** Returns the names that a list must contain to confirm these units. */
export const namesIn = (units: readonly UnitFacts[]): readonly string[] =>
  merged(...units.map(({ name, triggeredBy }) => [name, ...triggeredBy.map((trigger) => trigger.name)]));

/** Creates the cache of the units that are read over one connection. */
export function createKnownUnits(watch: SignalWatch, now: () => number) {
  const known = new Map<string, Known>();

  return {
    /** With `force`, every requested unit counts as changed. */
    sort(names: readonly string[], force = false): SortedUnits {
      const at = now();
      const fresh = new Map<string, UnitFacts>();
      const changed = new Map<string, UnitRef>();
      const due: UnitFacts[] = [];
      const wanted = new Set(names);
      let inFull = 0;
      for (const [name, { facts, mark, readAt, seenAt }] of known) {
        const isOld = at - seenAt >= MAX_AGE_MS;
        if (isOld && !wanted.has(name)) known.delete(name);
        else if (!watch.namesHoldSince(mark)) continue;
        else if (
          (force && wanted.has(name)) ||
          !watch.unchangedSince(mark) ||
          (at - readAt >= FULL_AGE_MS && inFull++ < MAX_IN_FULL)
        ) {
          if (wanted.has(name)) changed.set(name, { id: facts.id, path: unitPath(facts.id) });
        } else if (isOld) due.push(facts);
        else fresh.set(name, facts);
      }
      const toConfirm = new Set(due.map(({ name }) => name));
      const isMissing = (name: string): boolean =>
        !fresh.has(name) && !changed.has(name) && !toConfirm.has(name);
      return { fresh, due, changed, missing: [...wanted].filter(isMissing) };
    },

    /** Returns whether the list shows the unit and its triggers unchanged; if so, renews the entry. */
    confirm(facts: UnitFacts, listed: ReadonlyMap<string, ListedUnit>): boolean {
      const entry = known.get(facts.name);
      if (entry?.facts !== facts || !isAsListed(facts, listed)) return false;
      known.set(facts.name, { ...entry, seenAt: now() });
      return true;
    },

    /** Stores facts that were read at `readAt`, unless newer ones are known. */
    keep(name: string, facts: UnitFacts, mark: Mark, readAt: number) {
      if ((known.get(name)?.readAt ?? -Infinity) <= readAt)
        known.set(name, { facts, mark, readAt, seenAt: readAt });
    },
  };
}

function isAsListed(facts: UnitFacts, listed: ReadonlyMap<string, ListedUnit>): boolean {
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
