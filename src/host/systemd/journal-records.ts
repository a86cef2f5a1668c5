import { messageOf } from '../../base/errors.js';
import { errorTextOf, runProgram } from './run-program.js';
import { unknown, type Reading } from '../../model/reading.js';

/** Journal record of PID 1 about a unit. */
export interface JournalRecord {
  /** `restart`: an automatic restart was scheduled. `failed`, `succeeded`: a run ended. `job`: a job ended. */
  readonly kind: 'restart' | 'failed' | 'succeeded' | 'job';
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Type of the job, and its result: `start` and `dependency`. Empty for other records. */
  readonly job: string;
  readonly result: string;
}

const KINDS: Readonly<Record<string, JournalRecord['kind']>> = {
  '5eb03494b6584870a536b337290809b3': 'restart',
  d9b373ed55a64feb8242e02dbe79a49c: 'failed',
  '7ad2d189f7e94e70a38c781354912448': 'succeeded',
};
const JOBS = ['start', 'stop', 'restart', 'try-restart'];
const FIELDS = 'UNIT,MESSAGE_ID,JOB_TYPE,JOB_RESULT';
/** Limit of records, of all units together; the latest are read. */
const MAX_LINES = 5_000;
const SINCE = '-24h';

export interface RecordOptions {
  readonly journalctl?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads the records of the last 24 h of this boot about these units, by primary name, oldest first. Never rejects. */
export async function journalRecords(
  units: readonly string[],
  { journalctl = 'journalctl', signal }: RecordOptions,
): Promise<Reading<ReadonlyMap<string, readonly JournalRecord[]>>> {
  if (units.length === 0) return new Map();
  const args = ['--no-pager', '--boot', `--since=${SINCE}`, `--lines=${MAX_LINES}`, '--output=json'];
  try {
    const all = [...args, `--output-fields=${FIELDS}`, ...matchesOf(units)];
    const output = await runProgram(journalctl, all, { timeoutMs: 10_000, signal });
    const errorText = errorTextOf(output);
    return errorText === '' ? recordsIn(output.stdout) : unknown(errorText);
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** Matches only records of PID 1: anyone can write a `JOB_TYPE` field to the journal. */
function matchesOf(units: readonly string[]): readonly string[] {
  const own = ['_PID=1', ...units.map((unit) => `UNIT=${unit}`)];
  const ends = Object.keys(KINDS).map((id) => `MESSAGE_ID=${id}`);
  return [...own, ...JOBS.map((job) => `JOB_TYPE=${job}`), '+', ...own, ...ends];
}

/** Parses journalctl's JSON lines. */
export function recordsIn(lines: string): ReadonlyMap<string, readonly JournalRecord[]> {
  const found = new Map<string, JournalRecord[]>();
  for (const line of lines.split('\n')) {
    const record = recordIn(line);
    if (record === undefined) continue;
    const { unit, ...rest } = record;
    found.set(unit, [...(found.get(unit) ?? []), rest]);
  }
  return found;
}

function recordIn(line: string): (JournalRecord & { readonly unit: string }) | undefined {
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    const { UNIT: unit, MESSAGE_ID: id, JOB_TYPE: job, JOB_RESULT: result } = entry;
    const at = Number(entry.__MONOTONIC_TIMESTAMP) / 1_000;
    const kind = KINDS[String(id)] ?? (typeof result === 'string' ? 'job' : undefined);
    if (typeof unit !== 'string' || kind === undefined || !Number.isFinite(at)) return undefined;
    const ofJob = kind === 'job' ? { job: String(job), result: String(result) } : { job: '', result: '' };
    return { unit, kind, at, ...ofJob };
  } catch {
    return undefined;
  }
}
