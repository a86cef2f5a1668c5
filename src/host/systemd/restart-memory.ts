import type { UnitReading } from '../../model/unit.js';
import type { MemoryOptions } from './journal.js';
import { isRunEnd, journalRecords, type JournalRecord } from './journal-records.js';
import type { JournalctlOptions } from './journalctl.js';
import {
  addSample,
  chainOf,
  dailyRestarts,
  recentRestarts,
  type EarlierRestarts,
  type RestartHistory,
} from './restart-history.js';
import { systemdNow } from './systemd-clock.js';
import { isInactive, type UnitFacts } from './unit-facts.js';

/** Milliseconds after which a unit that is no longer read is forgotten. */
const FORGET_AFTER_MS = 600_000;
/** Number of restarts from which the journal is read for their times. */
const MIN_RESTARTS = 3;

/** Counts the restarts of units from one reading to the next. */
export function createRestartMemory({ now, journalctl }: MemoryOptions) {
  const histories = new Map<string, RestartHistory>();
  /** True if the last run that ended was successful; no entry if unknown. */
  const successes = new Map<string, boolean>();

  const isLooping = (id: string): boolean => recentRestarts(histories.get(id)) > 0;

  return {
    /** Returns the primary names of units in a crash loop. */
    restarting: (): readonly string[] => [...histories.keys()].filter(isLooping),

    /**
     * Adds a reading of these units that was begun at `startedAt`. One that overlaps with a reading that was added before
     * is left out: which of the two is the later one is not known, and a counter that seems to go down counts as reset.
     */
    async note(
      units: readonly UnitFacts[],
      startedAt: number,
      signal: AbortSignal | undefined,
    ): Promise<void> {
      for (const [id, { last }] of histories) {
        if (startedAt - last.at <= FORGET_AFTER_MS) continue;
        histories.delete(id);
        successes.delete(id);
      }
      const options = { journalctl, signal };
      const fresh = units.filter((unit) => !histories.has(unit.id) && needsJournal(unit));
      const before = await restartsBefore(fresh, systemdNow(), options);
      const at = now();
      for (const unit of units) {
        const { id, restarts, invocationId, activeState, restartDelayMs: delayMs } = unit;
        const known = histories.get(id);
        if (known !== undefined && startedAt <= known.last.at) continue;
        const earlier = before.get(id);
        if (earlier) successes.set(id, earlier.endedWell);
        const active = activeState === 'active';
        const gaveUp = activeState === 'failed' && unit.subState === 'failed' && unit.job === '';
        const sample = { at, restarts, delayMs, invocationId, active, gaveUp, upAt: unit.links.upAt };
        histories.set(id, addSample(known, sample, earlier));
        // A unit that runs also has the result `success`: only between two runs it is that of the last run.
        if (!isBetweenRuns(unit)) continue;
        // `reset-failed` sets the result to `success` and the counter to 0: the journal has the real result.
        if (isLooping(id) && restarts === 0 && unit.result === 'success') successes.delete(id);
        else successes.set(id, unit.result === 'success');
      }
      const open = units.map(({ id }) => id).filter((id) => isLooping(id) && !successes.has(id));
      const records = await journalRecords([...new Set(open)], options);
      for (const id of open) successes.set(id, endedWell(records.get(id)));
    },

    of: ({
      id,
    }: UnitFacts): Pick<UnitReading, 'recentRestarts' | 'dailyRestarts' | 'restartsAfterSuccess'> => ({
      recentRestarts: recentRestarts(histories.get(id)),
      dailyRestarts: dailyRestarts(histories.get(id)),
      restartsAfterSuccess: isLooping(id) && successes.get(id) === true,
    }),
  };
}

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
  options: JournalctlOptions,
): Promise<ReadonlyMap<string, EarlierRestarts & { readonly endedWell: boolean }>> {
  const records = await journalRecords(
    units.map(({ id }) => id),
    options,
  );
  return new Map(
    units.map((unit) => {
      const own = records.get(unit.id) ?? [];
      const times = own.filter(({ kind }) => kind === 'restart').map(({ at }) => at);
      const counter = isWaiting(unit) ? unit.restarts : 0;
      const recent = Math.max(counter, chainOf(times, monotonicMs, unit.restartDelayMs));
      return [unit.id, { recent, daily: Math.max(recent, times.length), endedWell: endedWell(own) }];
    }),
  );
}

/** Returns whether the last run that ended was successful. */
export const endedWell = (records: readonly JournalRecord[] = []): boolean =>
  records.findLast(isRunEnd)?.kind === 'succeeded';

const isWaiting = ({ subState }: UnitFacts): boolean => subState.startsWith('auto-restart');

const isBetweenRuns = (unit: UnitFacts): boolean => isInactive(unit) || isWaiting(unit);
