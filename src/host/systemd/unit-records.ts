import { messageOf } from '../../base/errors.js';
import { complaintOf, runProgram } from './run-program.js';
import { unknown, type Reading } from '../../model/reading.js';

/** What PID 1 wrote about a unit. */
export interface UnitRecord {
  /** `restart`: an automatic restart was scheduled. `failed`, `succeeded`: a run ended so. `job`: a job ended. */
  readonly kind: 'restart' | 'failed' | 'succeeded' | 'job';
  /** Monotonic, in milliseconds. */
  readonly at: number;
  /** Kind of the job, and how it ended: `start` and `dependency`. Empty for other records. */
  readonly job: string;
  readonly result: string;
}

const KINDS: Readonly<Record<string, UnitRecord['kind']>> = {
  '5eb03494b6584870a536b337290809b3': 'restart',
  d9b373ed55a64feb8242e02dbe79a49c: 'failed',
  '7ad2d189f7e94e70a38c781354912448': 'succeeded',
};
const JOBS = ['start', 'stop', 'restart', 'try-restart'];
const FIELDS = 'UNIT,MESSAGE_ID,JOB_TYPE,JOB_RESULT';
/** The latest records of this boot that are looked at, of all units together. */
const MOST_LINES = 5_000;
const SINCE = '-24h';

/** How to run journalctl. */
export interface RecordOptions {
  readonly journalctl?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The records of the last 24 h of this boot about these units, by primary name, oldest first. One process for all.
 * Never rejects.
 */
export async function unitRecords(
  units: readonly string[],
  { journalctl = 'journalctl', signal }: RecordOptions,
): Promise<Reading<ReadonlyMap<string, readonly UnitRecord[]>>> {
  if (units.length === 0) return new Map();
  const args = ['--no-pager', '--boot', `--since=${SINCE}`, `--lines=${MOST_LINES}`, '--output=json'];
  try {
    const all = [...args, `--output-fields=${FIELDS}`, ...matchesOf(units)];
    const output = await runProgram(journalctl, all, { timeoutMs: 10_000, signal });
    const complaint = complaintOf(output);
    return complaint === '' ? recordsIn(output.stdout) : unknown(complaint);
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** Only what PID 1 itself wrote: anyone can put a `JOB_TYPE` field into the journal. */
function matchesOf(units: readonly string[]): readonly string[] {
  const own = ['_PID=1', ...units.map((unit) => `UNIT=${unit}`)];
  const ends = Object.keys(KINDS).map((id) => `MESSAGE_ID=${id}`);
  return [...own, ...JOBS.map((job) => `JOB_TYPE=${job}`), '+', ...own, ...ends];
}

/** Reads journalctl's JSON lines. */
export function recordsIn(lines: string): ReadonlyMap<string, readonly UnitRecord[]> {
  const found = new Map<string, UnitRecord[]>();
  for (const line of lines.split('\n')) {
    const record = line.startsWith('{') ? recordIn(line) : undefined;
    if (record === undefined) continue;
    const { unit, ...rest } = record;
    found.set(unit, [...(found.get(unit) ?? []), rest]);
  }
  return found;
}

function recordIn(line: string): (UnitRecord & { readonly unit: string }) | undefined {
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
