import { entriesIn, runJournalctl, type JournalctlOptions } from './journalctl.js';

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

/** Returns whether a run ended by itself, with a failure or successfully. */
export const isRunEnd = ({ kind }: JournalRecord): boolean => kind === 'failed' || kind === 'succeeded';

const KINDS: Readonly<Record<string, JournalRecord['kind']>> = {
  '5eb03494b6584870a536b337290809b3': 'restart',
  d9b373ed55a64feb8242e02dbe79a49c: 'failed',
  '7ad2d189f7e94e70a38c781354912448': 'succeeded',
};
const QUERY = {
  jobs: ['start', 'stop', 'restart', 'try-restart'],
  messages: Object.keys(KINDS),
  fields: 'UNIT,MESSAGE_ID,JOB_TYPE,JOB_RESULT',
  // The latest, of all units together.
  range: ['--boot', '--since=-24h', '--lines=5000'],
};

/**
 * Reads the records of the last 24 h of this boot about these units, by primary name, oldest first. There are none if the
 * journal cannot be read. Never rejects.
 */
export async function journalRecords(
  units: readonly string[],
  options: JournalctlOptions,
): Promise<ReadonlyMap<string, readonly JournalRecord[]>> {
  if (units.length === 0) return new Map();
  const about = units.map((unit) => `UNIT=${unit}`);
  const { lines, reason } = await runJournalctl({ about, ...QUERY }, options);
  return reason === '' ? recordsIn(lines) : new Map();
}

/** Parses journalctl's JSON lines. */
export function recordsIn(lines: string): ReadonlyMap<string, readonly JournalRecord[]> {
  const found = new Map<string, JournalRecord[]>();
  for (const entry of entriesIn(lines)) {
    const { UNIT: unit, MESSAGE_ID: id, JOB_TYPE: job, JOB_RESULT: result } = entry;
    const at = Number(entry.__MONOTONIC_TIMESTAMP) / 1_000;
    const kind = KINDS[String(id)] ?? (typeof result === 'string' ? 'job' : undefined);
    if (typeof unit !== 'string' || kind === undefined || !Number.isFinite(at)) continue;
    const ofJob = kind === 'job' ? { job: String(job), result: String(result) } : { job: '', result: '' };
    found.set(unit, [...(found.get(unit) ?? []), { kind, at, ...ofJob }]);
  }
  return found;
}
