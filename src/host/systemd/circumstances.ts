import { isUnknown } from '../../model/reading.js';
import type { Reading } from '../../model/reading.js';
import { NO_CIRCUMSTANCES, type UnitCircumstances } from '../../model/unit-circumstances.js';
import { candidatesOf, causeOf, recordsWanted, type FoundCause } from './unit-causes.js';
import { MAX_AGE_MS } from './known-units.js';
import type { UnitFacts, UnitSource } from './unit-facts.js';
import { unitRecords, type UnitRecord } from './unit-records.js';

/** A unit whose cause was not found is looked at again after this time. */
const LOOK_AGAIN_MS = 60_000;
const MOST_KEPT = 1_000;

/** What is found about units that are down. */
export interface Circumstances {
  /**
   * Tells, for units that are down, which other unit that comes from, who needs them, and what is left of them. By
   * primary name.
   */
  of(units: readonly UnitFacts[], facts: CircumstanceFacts): Promise<ReadonlyMap<string, UnitCircumstances>>;
}

/** What circumstances are found by. */
export interface CircumstanceFacts {
  readonly source: UnitSource;
  /** Whether a stop job ended the last run of a unit; `undefined` where that is not known. */
  readonly stopped: (unit: UnitFacts) => boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Found {
  readonly key: string;
  readonly cause: FoundCause | null;
  readonly at: number;
}

/** Makes the memory of one reader: a cause is found once for each time that a unit goes down. */
export function createCircumstances(options: {
  readonly journalctl?: string | undefined;
  readonly now: () => number;
}): Circumstances {
  const { now, journalctl } = options;
  const causes = new Map<string, Found>();
  let last: Last | undefined;

  async function find(
    units: readonly UnitFacts[],
    { source, stopped, signal }: CircumstanceFacts,
  ): Promise<void> {
    const open = units.filter((unit) => isOpen(causes.get(unit.id), unit, now()));
    if (open.length === 0) return;
    const known = new Map(units.map((unit) => [unit.id, unit]));
    await readAround(open, known, source, signal);
    const factsOf = (name: string): UnitFacts | undefined => known.get(name);
    const wanted = [...new Set(open.flatMap((unit) => recordsWanted(unit, factsOf)))];
    const records = await unitRecords(wanted, { journalctl, signal });
    const recordsOf = (name: string): readonly UnitRecord[] => recordsIn(records, name);
    if (causes.size > MOST_KEPT) causes.clear();
    for (const unit of open) {
      const cause = causeOf(unit, stopped(unit), { factsOf, recordsOf });
      causes.set(unit.id, { key: keyOf(unit), cause, at: now() });
    }
  }

  return {
    async of(units, facts) {
      const { version = NaN, hearsAll = false } = facts.source;
      if (hearsAll && last && isSameQuestion(last, units, version, now())) return last.found;
      const down = units.filter(isDown);
      await find(down, facts);
      for (const id of causes.keys())
        if (units.some((unit) => unit.id === id && !isDown(unit))) causes.delete(id);
      const causeFor = (unit: UnitFacts): FoundCause | null => causes.get(unit.id)?.cause ?? null;
      const disabled = down.filter(({ unitFileState }) => unitFileState === 'disabled');
      const names = new Set([
        ...down.flatMap((unit) => causeFor(unit)?.unit ?? []),
        ...disabled.flatMap(({ links }) => links.startedBy),
      ]);
      const services = down.filter(({ id }) => id.endsWith('.service')).map(({ id }) => id);
      const [states, left] = await Promise.all([
        statesOf([...names], facts),
        services.length === 0 ? [] : facts.source.tasks(services, facts.signal),
      ]);
      const entries = units.map((unit): [string, UnitCircumstances] => {
        const cause = causeFor(unit);
        return [
          unit.id,
          {
            ...NO_CIRCUMSTANCES,
            cause: cause && { ...cause, activeState: states.get(cause.unit) ?? '' },
            neededBy: disabled.includes(unit)
              ? unit.links.startedBy.filter((name) => states.get(name) === 'active')
              : [],
            leftProcesses: left[services.indexOf(unit.id)] ?? 0,
          },
        ];
      });
      const found = new Map(entries);
      last = { units, version, found, at: now() };
      return found;
    },
  };
}

/** The last answer: while nothing changed, it holds for a while. */
interface Last {
  readonly units: readonly UnitFacts[];
  readonly version: number;
  readonly found: ReadonlyMap<string, UnitCircumstances>;
  readonly at: number;
}

const isSameQuestion = (last: Last, units: readonly UnitFacts[], version: number, now: number): boolean =>
  last.version === version &&
  now - last.at < MAX_AGE_MS &&
  last.units.length === units.length &&
  last.units.every((unit, index) => unit === units[index]);

const isDown = ({ activeState, loadState, job }: UnitFacts): boolean =>
  (activeState === 'inactive' || activeState === 'failed') && loadState === 'loaded' && job === '';

/** Another time down, or another try to start it, may have another cause. */
const keyOf = ({ activeState, links }: UnitFacts): string =>
  [activeState, links.upAt, links.exitedAt, links.downAt].join(' ');

const isOpen = (found: Found | undefined, unit: UnitFacts, now: number): boolean =>
  found?.key !== keyOf(unit) || (found.cause === null && now - found.at >= LOOK_AGAIN_MS);

/** Reads what these units depend on or conflict with, and one step more for what went down itself. */
async function readAround(
  units: readonly UnitFacts[],
  known: Map<string, UnitFacts>,
  source: UnitSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  let next = units;
  for (let depth = 0; depth < 3 && next.length > 0; depth += 1) {
    const names = [...new Set(next.flatMap(candidatesOf))].filter((name) => !known.has(name));
    if (names.length === 0) return;
    const { asked } = await source.readUnits({ names, discover: false, beside: true, signal });
    for (const unit of asked) for (const name of [unit.name, unit.id]) known.set(name, unit);
    next = asked.filter(isDown);
  }
}

const recordsIn = (
  records: Reading<ReadonlyMap<string, readonly UnitRecord[]>>,
  name: string,
): readonly UnitRecord[] => (isUnknown(records) ? [] : (records.get(name) ?? []));

async function statesOf(
  names: readonly string[],
  { source, signal }: CircumstanceFacts,
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const states = await source.states(names, signal);
  return new Map(names.map((name, index) => [name, states[index] ?? '']));
}
