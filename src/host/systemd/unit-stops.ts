import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import type { Journal } from './journal.js';
import { isInactive, type UnitFacts, type UnitSource } from './unit-facts.js';

export const NOT_LOOKED_UP = unknown('looked up only for a unit that is failed, or listed and inactive');

/**
 * Finds whether a stop job ended the last run of each unit, by primary name: from signals, else from the journal. Units
 * that are not down have no entry.
 */
export async function stopsOf(
  units: readonly UnitFacts[],
  source: Pick<UnitSource, 'stopped'>,
  journal: Journal,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Reading<boolean>>> {
  const down = units.filter((unit) => isInactive(unit) && unit.loadState === 'loaded');
  const heard = new Map(down.map((unit) => [unit.id, source.stopped?.(unit)]));
  const open = down.filter(({ id }) => heard.get(id) === undefined);
  const runs = new Set(open.map(({ invocationId }) => invocationId).filter((id) => id !== ''));
  const written = await journal.stoppedByJob([...runs], signal);
  return new Map(down.map((unit) => [unit.id, heard.get(unit.id) ?? byJournal(unit, written)]));
}

function byJournal(unit: UnitFacts, written: ReadonlyMap<string, Reading<boolean>>): Reading<boolean> {
  if (unit.invocationId !== '') return written.get(unit.invocationId) ?? NOT_LOOKED_UP;
  // systemd unloads a unit that is not referenced; a wanted one stays loaded, so it has not run.
  return unit.wantedBy.length > 0 ? false : unknown('systemd no longer has a record of its last run');
}

export const knownValue = (stopped: Reading<boolean> | undefined): boolean | undefined =>
  stopped === undefined || isUnknown(stopped) ? undefined : stopped;
