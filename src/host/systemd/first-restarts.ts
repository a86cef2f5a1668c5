import { isUnknown } from '../../model/reading.js';
import { chainOf, type EarlierRestarts } from './restart-history.js';
import type { UnitFacts } from './unit-facts.js';
import { journalRecords, type RecordOptions, type JournalRecord } from './journal-records.js';

/** Number of restarts from which the journal is read for their times. */
const MIN_RESTARTS = 3;

const isWaiting = ({ subState }: UnitFacts): boolean => subState.startsWith('auto-restart');

/** Returns whether the journal is needed to date the restarts of a unit that is read for the first time. */
export const needsJournal = ({ restarts, loadState }: UnitFacts): boolean =>
  restarts >= MIN_RESTARTS && loadState === 'loaded';

/**
 * Reads the restarts of units before their first reading from the journal, by primary name. If it cannot be read, the
 * counter of a unit that waits for its next restart is used.
 */
export async function restartsBefore(
  units: readonly UnitFacts[],
  monotonicMs: number,
  options: RecordOptions,
): Promise<ReadonlyMap<string, EarlierRestarts & { readonly endedWell: boolean }>> {
  const ids = units.map(({ id }) => id);
  const records = await journalRecords(ids, options);
  return new Map(
    units.map((unit) => {
      const own: readonly JournalRecord[] = isUnknown(records) ? [] : (records.get(unit.id) ?? []);
      const times = own.filter(({ kind }) => kind === 'restart').map(({ at }) => at);
      const counter = isWaiting(unit) ? unit.restarts : 0;
      const recent = Math.max(counter, chainOf(times, monotonicMs, unit.restartDelayMs));
      return [unit.id, { recent, daily: Math.max(recent, times.length), endedWell: endedWell(own) }];
    }),
  );
}

/** Returns whether the last run that ended was successful. */
export const endedWell = (records: readonly JournalRecord[]): boolean =>
  records.findLast(({ kind }) => kind === 'failed' || kind === 'succeeded')?.kind === 'succeeded';
