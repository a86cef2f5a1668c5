import { isDeepStrictEqual } from 'node:util';
import { unknown, type Reading } from '../../model/reading.js';
import type { UnitsReading } from '../../model/snapshot.js';
import { NO_CIRCUMSTANCES, type UnitCircumstances } from '../../model/unit-circumstances.js';
import type { UnitReading } from '../../model/unit.js';
import { createCircumstanceFinder } from './circumstances.js';
import { createJournal, type MemoryOptions } from './journal.js';
import { createRestartMemory } from './restart-memory.js';
import { membersOf, membershipsOf } from './group-units.js';
import type { UnitFacts, UnitsFacts, UnitSource } from './unit-facts.js';
import { knownValue, NOT_LOOKED_UP, stopsOf } from './unit-stops.js';

export interface Completion {
  /** Source of the facts. */
  readonly source: UnitSource;
  /** True if units that are not named are searched. */
  readonly discover: boolean;
  /** Time at which the facts began to be read, by the clock of the memory. */
  readonly startedAt: number;
  readonly signal?: AbortSignal | undefined;
}

/** Creates the memory of one reader, which completes the facts of units from earlier readings and the journal. */
export function createUnitMemory(options: MemoryOptions) {
  const journal = createJournal(options);
  const circumstancesOf = createCircumstanceFinder(options);
  const restarts = createRestartMemory(options);
  const readings = new WeakMap<UnitFacts, UnitReading>();
  const jobs = new Map<string, { readonly job: string; readonly since: number }>();
  /** Units that are not named and went down because of another one. */
  let victims: ReadonlySet<string> = new Set();

  /** Returns when a queued job was first read, as systemd does not report its time. */
  function jobSince({ id, job, transitionSince }: UnitFacts): number {
    if (job === '') jobs.delete(id);
    if (job === '' || transitionSince > 0) return transitionSince;
    const known = jobs.get(id);
    if (known?.job === job) return known.since;
    const since = Date.now();
    jobs.set(id, { job, since });
    return since;
  }

  /** Returns the same object for unchanged facts. */
  function toReading(unit: UnitFacts, stoppedByJob: Reading<boolean>, found: UnitCircumstances): UnitReading {
    const more = { ...restarts.of(unit), ...found, stoppedByJob, transitionSince: jobSince(unit) };
    const known = readings.get(unit);
    if (known && isSame(known, more)) return known;
    const { links: _, ...facts } = unit;
    const reading: UnitReading = Object.freeze({ ...facts, ...more });
    readings.set(unit, reading);
    return reading;
  }

  return {
    /** Returns units that are not named and have to be read too. */
    followed: (named: readonly string[]): readonly string[] =>
      [...new Set([...restarts.restarting(), ...victims])].filter((id) => !named.includes(id)),

    /** Completes facts to readings, in the order of the requested names. */
    async complete(
      names: readonly string[],
      facts: UnitsFacts,
      { source, discover, startedAt, signal }: Completion,
    ): Promise<UnitsReading> {
      const named = new Set(names);
      const affected = discover ? await affectedBy(facts, source, signal) : [];
      const base = byId([...facts.asked, ...facts.matched, ...affected, ...facts.troubled]);
      const memberships = await membershipsOf([...base.values()], source, signal);
      const members = await membersOf(memberships, source, signal);
      const all = [...byId([...base.values(), ...members]).values()];
      const stopped = await stopsOf(all, source, journal, signal);
      const found = await circumstancesOf(all, {
        source,
        signal,
        jobsOf: (unit) => ({
          stopped: knownValue(stopped.get(unit.id)),
          startFailed: source.startFailed?.(unit),
        }),
      });
      await restarts.note(all, startedAt, signal);

      const read = (unit: UnitFacts): UnitReading =>
        toReading(unit, stopped.get(unit.id) ?? NOT_LOOKED_UP, {
          ...(found.get(unit.id) ?? NO_CIRCUMSTANCES),
          ...memberships.get(unit.id),
        });
      const byName = new Map(facts.asked.map((unit) => [unit.name, unit]));
      const asked = names.map((name) => {
        const unit = byName.get(name);
        return unit === undefined ? notFound(name) : read(unit);
      });
      const isFailing = (unit: UnitReading): boolean =>
        unit.recentRestarts > 0 || unit.cause !== null || facts.troubled.some(({ id }) => id === unit.id);
      const others = [...base.values()].filter(({ name }) => !named.has(name)).map(read);
      const troubled = others.filter(isFailing);
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

/** Reading of a name that is not a valid unit name. */
const notFound = (name: string): UnitReading => ({
  ...{ name, id: name, names: [name] },
  ...{ loadState: 'not-found', loadError: '', needsReload: false },
  ...{ activeState: 'inactive', subState: 'dead', unitFileState: '', type: '' },
  ...{ result: '', exitStatus: 0, exitKind: '', remainsAfterExit: false },
  ...{ transient: false, canReload: false, invocationId: '' },
  ...{ restarts: 0, restartDelayMs: 0, recentRestarts: 0, dailyRestarts: 0, restartsAfterSuccess: false },
  ...{ activeSince: 0, inactiveSince: 0, transitionSince: 0, conditionMet: true, conditionAt: 0, job: '' },
  ...{ triggeredBy: [], triggers: [], wantedBy: [], dragsAlong: [], requires: [], needs: [] },
  ...{ startTimeoutMs: Infinity, stopTimeoutMs: Infinity },
  stoppedByJob: unknown('there is no such unit'),
  ...NO_CIRCUMSTANCES,
});

const byId = (units: readonly UnitFacts[]): ReadonlyMap<string, UnitFacts> =>
  new Map(units.map((unit) => [unit.id, unit]));

/** Returns whether a reading has these values. */
const isSame = (known: UnitReading, parts: Partial<UnitReading>): boolean =>
  Object.entries(parts).every(([key, value]) => isDeepStrictEqual(known[key as keyof UnitReading], value));

/** Finds units that are inactive, and depend on a failed one. */
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
