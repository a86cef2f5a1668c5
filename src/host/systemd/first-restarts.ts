import { isUnknown } from '../../model/reading.js';
import { chainOf, type EarlierRestarts } from './restart-history.js';
import type { UnitFacts } from './unit-facts.js';
import { unitRecords, type RecordOptions, type UnitRecord } from './unit-records.js';

/** Restarts from which on the journal is asked how a unit came to them. */
const WORTH_A_LOOK = 3;

const isWaiting = ({ subState }: UnitFacts): boolean => subState.startsWith('auto-restart');

/** Whether the first reading of a unit leaves open what became of it before. */
export const isWorthALook = ({ restarts, loadState }: UnitFacts): boolean =>
  restarts >= WORTH_A_LOOK && loadState === 'loaded';

/**
 * The restarts of units before they were first read, by primary name: as the journal has them. Where it cannot be read,
 * only the counter of a unit that waits for its next restart counts.
 */
export async function restartsBefore(
  units: readonly UnitFacts[],
  monotonicMs: number,
  options: RecordOptions,
): Promise<ReadonlyMap<string, EarlierRestarts & { readonly endedWell: boolean }>> {
  const ids = units.map(({ id }) => id);
  const records = await unitRecords(ids, options);
  return new Map(
    units.map((unit) => {
      const own: readonly UnitRecord[] = isUnknown(records) ? [] : (records.get(unit.id) ?? []);
      const times = own.filter(({ kind }) => kind === 'restart').map(({ at }) => at);
      const counter = isWaiting(unit) ? unit.restarts : 0;
      const recent = Math.max(counter, chainOf(times, monotonicMs, unit.restartDelayMs));
      return [unit.id, { recent, daily: Math.max(recent, times.length), endedWell: endedWell(own) }];
    }),
  );
}

/** Whether the last run that ended did so with `Result=success`. */
export const endedWell = (records: readonly UnitRecord[]): boolean =>
  records.findLast(({ kind }) => kind === 'failed' || kind === 'succeeded')?.kind === 'succeeded';
