import { messageOf } from '../../base/errors.js';
import { unknown } from '../../model/reading.js';
import { hasStartLimitAction, type UnitRelations } from '../../model/unit-relations.js';
import { runJournalctl, type JournalctlOptions } from './journalctl.js';

/**
 * Adds the times of its starts to a unit with a `StartLimitAction=`, from the journal, including those by `Restart=`.
 * Never rejects.
 */
export async function withRecentStarts(
  unit: UnitRelations,
  options: JournalctlOptions,
): Promise<UnitRelations> {
  if (!hasStartLimitAction(unit)) return unit;
  const since = (Date.now() - unit.startLimitIntervalMs) / 1000;
  const { lines, reason } = await runJournalctl(
    {
      ...{ about: [`UNIT=${unit.id}`], jobs: ['start'] },
      ...{ fields: 'JOB_TYPE,JOB_RESULT', range: [`--since=@${since}`] },
    },
    options,
  );
  try {
    return { ...unit, recentStarts: reason === '' ? startsIn(lines) : unknown(reason) };
  } catch (error) {
    return { ...unit, recentStarts: unknown(messageOf(error)) };
  }
}

/** Returns the times of the start jobs that ended, in milliseconds since the epoch. Throws if a line is damaged. */
const startsIn = (lines: string): readonly number[] =>
  lines
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ JOB_RESULT: result }) => result !== undefined)
    .map(({ __REALTIME_TIMESTAMP: micros }) => Math.floor(Number(micros) / 1000))
    .filter(Number.isFinite)
    .sort((one, other) => one - other);
