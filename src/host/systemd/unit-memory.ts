import { isDeepStrictEqual } from 'node:util';
import type { Reading } from '../../model/reading.js';
import type { UnitsReading } from '../../model/snapshot.js';
import { NO_CIRCUMSTANCES, type UnitCircumstances } from '../../model/unit-circumstances.js';
import type { UnitReading } from '../../model/unit.js';
import { createCircumstances } from './circumstances.js';
import { createJournal, type JournalOptions } from './journal.js';
import { notFound } from './not-found.js';
import { RestartMemory } from './restart-memory.js';
import { membersOf, umbrellasOf } from './umbrellas.js';
import type { UnitFacts, UnitsFacts, UnitSource } from './unit-facts.js';
import { asKnown, NOT_LOOKED_UP, stopsOf } from './unit-stops.js';

/** How a whole reading is made out of facts. */
export interface Completion {
  /** The route that the facts came by. */
  readonly source: UnitSource;
  /** Whether units that nobody named are looked for. */
  readonly discover: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What only more than one reading, or the journal, can tell of units. */
export interface UnitMemory {
  /** Units other than these that are followed, though nobody asked for them. */
  followed(named: readonly string[]): readonly string[];
  /** Makes whole readings of what systemd said, in the order of the names asked for. */
  complete(names: readonly string[], facts: UnitsFacts, how: Completion): Promise<UnitsReading>;
}

/** Makes the memory of one reader. */
export function createUnitMemory(options: JournalOptions): UnitMemory {
  const journal = createJournal(options);
  const circumstances = createCircumstances(options);
  const restarts = new RestartMemory(options);
  const wholes = new WeakMap<UnitFacts, UnitReading>();
  const jobs = new Map<string, { readonly job: string; readonly since: number }>();
  /** Units that went down because of another one, and that nobody asked for. */
  let victims: ReadonlySet<string> = new Set();

  /** When a queued job was first seen: systemd does not tell. */
  function jobSince({ id, job, transitionSince }: UnitFacts): number {
    if (job === '') jobs.delete(id);
    if (job === '' || transitionSince > 0) return transitionSince;
    const known = jobs.get(id);
    if (known?.job === job) return known.since;
    const since = Date.now();
    jobs.set(id, { job, since });
    return since;
  }

  /** Facts that did not change make the same reading again. */
  function whole(unit: UnitFacts, stoppedByJob: Reading<boolean>, around: UnitCircumstances): UnitReading {
    const more = { ...restarts.of(unit), ...around, stoppedByJob, transitionSince: jobSince(unit) };
    const known = wholes.get(unit);
    if (known && isSame(known, more)) return known;
    const { links: _, ...facts } = unit;
    const reading: UnitReading = Object.freeze({ ...facts, ...more });
    wholes.set(unit, reading);
    return reading;
  }

  return {
    followed: (named) =>
      [...new Set([...restarts.restarting(), ...victims])].filter((id) => !named.includes(id)),

    async complete(names, facts, { source, discover, signal }) {
      const named = new Set(names);
      const affected = discover ? await affectedBy(facts, source, signal) : [];
      const base = byId([...facts.asked, ...facts.matched, ...affected, ...facts.troubled]);
      const memberships = await umbrellasOf([...base.values()], source, signal);
      const members = await membersOf(memberships, source, signal);
      const all = [...byId([...base.values(), ...members]).values()];
      const stopped = await stopsOf(all, { source, journal, signal });
      const around = await circumstances.of(all, {
        source,
        signal,
        stopped: (unit) => asKnown(stopped.get(unit.id)),
      });
      await restarts.note(all, signal);

      const read = (unit: UnitFacts): UnitReading =>
        whole(unit, stopped.get(unit.id) ?? NOT_LOOKED_UP, {
          ...(around.get(unit.id) ?? NO_CIRCUMSTANCES),
          ...memberships.get(unit.id),
        });
      const byName = new Map(facts.asked.map((unit) => [unit.name, unit]));
      const asked = names.map((name) => {
        const unit = byName.get(name);
        return unit === undefined ? notFound(name) : read(unit);
      });
      const isTroubled = (unit: UnitReading): boolean =>
        unit.recentRestarts > 0 || unit.cause !== null || facts.troubled.some(({ id }) => id === unit.id);
      const others = [...base.values()].filter(({ name }) => !named.has(name)).map(read);
      const troubled = others.filter(isTroubled);
      victims = new Set(troubled.filter(({ cause }) => cause !== null).map(({ id }) => id));
      return {
        asked,
        troubled,
        ...(facts.matched.length > 0 ? { matched: facts.matched.map(read) } : {}),
        ...(members.length > 0 ? { members: members.map(read) } : {}),
      };
    },
  };
}

const byId = (units: readonly UnitFacts[]): ReadonlyMap<string, UnitFacts> =>
  new Map(units.map((unit) => [unit.id, unit]));

/** Whether a reading says the same as these parts would. */
const isSame = (known: UnitReading, parts: Partial<UnitReading>): boolean =>
  Object.entries(parts).every(([key, value]) => isDeepStrictEqual(known[key as keyof UnitReading], value));

/** Units that need one that has failed, and are down: nobody asked for them, and systemd does not call them failed. */
async function affectedBy(
  { troubled }: UnitsFacts,
  source: UnitSource,
  signal: AbortSignal | undefined,
): Promise<readonly UnitFacts[]> {
  const failed = troubled.filter(({ activeState }) => activeState === 'failed');
  const names = [...new Set(failed.flatMap(({ links }) => links.dependents))];
  if (names.length === 0) return [];
  const states = await source.states(names, signal);
  const down = names.filter((_, index) => states[index] === 'inactive');
  if (down.length === 0) return [];
  const { asked } = await source.readUnits({ names: down, discover: false, beside: true, signal });
  return asked.filter(({ loadState }) => loadState === 'loaded');
}
