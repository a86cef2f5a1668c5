import { NO_CIRCUMSTANCES, type UnitCircumstances } from '../../model/unit-circumstances.js';
import { candidatesOf, causeOf, recordsWanted, type FoundCause, type LastJobs } from './unit-causes.js';
import type { MemoryOptions } from './journal.js';
import { journalRecords } from './journal-records.js';
import { MAX_AGE_MS } from './known-units.js';
import { isInactive, type UnitFacts, type UnitSource } from './unit-facts.js';

/** Milliseconds until the cause of a unit is searched again if none was found. */
const RETRY_MS = 60_000;
const MAX_CAUSES = 1_000;

export interface CircumstanceSources {
  readonly source: UnitSource;
  readonly jobsOf: (unit: UnitFacts) => LastJobs;
  readonly signal?: AbortSignal | undefined;
}

interface Found {
  readonly key: string;
  readonly cause: FoundCause | null;
  readonly at: number;
}

/** The last result, reused for a while if nothing has changed. */
interface LastResult {
  readonly units: readonly UnitFacts[];
  readonly version: number;
  readonly found: ReadonlyMap<string, UnitCircumstances>;
  readonly at: number;
}

/**
 * Creates the search of one reader. It finds, for units that are down, the causing unit, the active units that need them
 * and their remaining processes. The cause is found once each time that a unit goes down.
 */
export function createCircumstanceFinder({ now, journalctl }: MemoryOptions) {
  const causes = new Map<string, Found>();
  let last: LastResult | undefined;

  async function findCauses(units: readonly UnitFacts[], sources: CircumstanceSources): Promise<void> {
    const { jobsOf, signal } = sources;
    const keys = new Map(units.map((unit) => [unit.id, keyOf(unit, jobsOf(unit))]));
    const open = units.filter(({ id }) => isOpen(causes.get(id), keys.get(id), now()));
    if (open.length === 0) return;
    const known = new Map(units.map((unit) => [unit.id, unit]));
    await readDependencies(open, known, sources);
    const factsOf = (name: string): UnitFacts | undefined => known.get(name);
    const wanted = [...new Set(open.flatMap((unit) => recordsWanted(unit, jobsOf(unit), factsOf)))];
    const records = await journalRecords(wanted, { journalctl, signal });
    const recordsOf = (name: string) => records.get(name) ?? [];
    if (causes.size > MAX_CAUSES) causes.clear();
    for (const unit of open) {
      const cause = causeOf(unit, jobsOf(unit), { factsOf, recordsOf });
      causes.set(unit.id, { key: keys.get(unit.id) ?? '', cause, at: now() });
    }
  }

  return async (
    units: readonly UnitFacts[],
    facts: CircumstanceSources,
  ): Promise<ReadonlyMap<string, UnitCircumstances>> => {
    const { version = NaN, followsAll } = facts.source;
    if (followsAll && last && isSameRequest(last, units, version, now())) return last.found;
    const down = units.filter(isDown);
    await findCauses(down, facts);
    for (const unit of units) if (!isDown(unit)) causes.delete(unit.id);
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
  };
}

const isSameRequest = (
  last: LastResult,
  units: readonly UnitFacts[],
  version: number,
  now: number,
): boolean =>
  last.version === version &&
  now - last.at < MAX_AGE_MS &&
  last.units.length === units.length &&
  last.units.every((unit, index) => unit === units[index]);

const isDown = (unit: UnitFacts): boolean =>
  isInactive(unit) && unit.loadState === 'loaded' && unit.job === '';

/** Identifies one time that a unit went down, or failed to start, which leaves its times as they are. */
const keyOf = ({ activeState, links }: UnitFacts, { startFailed }: LastJobs): string =>
  [activeState, links.upAt, links.exitedAt, links.downAt, startFailed].join(' ');

const isOpen = (found: Found | undefined, key: string | undefined, now: number): boolean =>
  found === undefined || found.key !== key || (found.cause === null && now - found.at >= RETRY_MS);

/** Reads the dependencies and conflicts of these units, and, up to three levels, of those that are down too. */
async function readDependencies(
  units: readonly UnitFacts[],
  known: Map<string, UnitFacts>,
  { source, jobsOf, signal }: CircumstanceSources,
): Promise<void> {
  let wanted = units.flatMap((unit) => candidatesOf(unit, jobsOf(unit)));
  for (let depth = 0; depth < 3; depth += 1) {
    const names = [...new Set(wanted)].filter((name) => !known.has(name));
    if (names.length === 0) return;
    const { asked } = await source.readUnits({ names, discover: false, beside: true, signal });
    for (const unit of asked) for (const name of [unit.name, unit.id]) known.set(name, unit);
    // A cause further away may have stopped these, whatever their last job was.
    wanted = asked
      .filter(isDown)
      .flatMap((unit) => candidatesOf(unit, { stopped: true, startFailed: false }));
  }
}

async function statesOf(
  names: readonly string[],
  { source, signal }: CircumstanceSources,
): Promise<ReadonlyMap<string, string | undefined>> {
  if (names.length === 0) return new Map();
  const states = await source.states(names, signal);
  return new Map(names.map((name, index) => [name, states[index]]));
}
