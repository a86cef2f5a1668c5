import { messageOf } from '../../base/errors.js';
import { unknown, type Reading } from '../../model/reading.js';
import { errorTextOf, runProgram } from './run-program.js';

const FIELDS = 'JOB_TYPE,JOB_RESULT';

/** Reads the times of a unit's starts from the journal, including those by `Restart=`. Never rejects. */
export async function recentStarts(
  unit: string,
  since: number,
  { journalctl = 'journalctl', signal }: { readonly journalctl?: string; readonly signal?: AbortSignal },
): Promise<Reading<readonly number[]>> {
  // Matches only records of PID 1: anyone can write a `JOB_TYPE` field to the journal.
  const matches = ['_PID=1', `UNIT=${unit}`, 'JOB_TYPE=start'];
  const args = ['--no-pager', '--output=json', `--output-fields=${FIELDS}`, `--since=@${since / 1000}`];
  try {
    const output = await runProgram(journalctl, [...args, ...matches], {
      timeoutMs: 10_000,
      ...(signal ? { signal } : {}),
    });
    const errorText = errorTextOf(output);
    return errorText === '' ? startsIn(output.stdout) : unknown(errorText);
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** Returns the times of the start jobs that ended, in milliseconds since the epoch. */
export function startsIn(lines: string): readonly number[] {
  return lines
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ JOB_RESULT: result }) => result !== undefined)
    .map(({ __REALTIME_TIMESTAMP: micros }) => Math.floor(Number(micros) / 1000))
    .filter(Number.isFinite)
    .sort((one, other) => one - other);
}
