import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import { entriesIn, runJournalctl } from './journalctl.js';

/** Message ids of PID 1 at the end of a run: it succeeded, it failed, its main process exited. */
const END_OF_RUN = [
  '7ad2d189f7e94e70a38c781354912448',
  'd9b373ed55a64feb8242e02dbe79a49c',
  '98e322203f7a4ed290d09fe03c09fe15',
];
const STOPPING_JOBS: readonly string[] = ['stop', 'restart', 'try-restart'];
/** Number of immediate retries if the end of a run is missing, because journald writes with a delay. */
const QUICK_ATTEMPTS = 3;
/** Interval of further retries, as the permission to read the journal may be granted later. */
const SLOW_ATTEMPT_MS = 600_000;

const MAX_ANSWERS = 1000;

const FIELDS = 'INVOCATION_ID,JOB_TYPE,JOB_RESULT,MESSAGE_ID';

/** Options of what is remembered from one reading to the next. */
export interface MemoryOptions {
  /** Program. Default `journalctl`, found by `PATH`. */
  readonly journalctl?: string | undefined;
  /** Monotonic time in milliseconds. */
  readonly now: () => number;
}

interface StopAnswer {
  readonly stopped: Reading<boolean>;
  readonly attempts: number;
  readonly askedAt: number;
}

export type Journal = ReturnType<typeof createJournal>;

export function createJournal({ journalctl, now }: MemoryOptions) {
  const answers = new Map<string, StopAnswer>();

  const isOpen = (answer: StopAnswer | undefined): boolean =>
    answer === undefined ||
    (isUnknown(answer.stopped) &&
      (answer.attempts < QUICK_ATTEMPTS || now() - answer.askedAt >= SLOW_ATTEMPT_MS));

  function remember(id: string, stopped: Reading<boolean>): void {
    const attempts = (answers.get(id)?.attempts ?? 0) + 1;
    answers.delete(id);
    answers.set(id, { stopped, attempts, askedAt: now() });
    const [oldest] = answers.keys();
    if (answers.size > MAX_ANSWERS && oldest !== undefined) answers.delete(oldest);
  }

  return {
    /** Returns whether a stop job ended each run, by invocation ID. Runs one process for those that are not known yet. */
    async stoppedByJob(
      invocations: readonly string[],
      signal?: AbortSignal,
    ): Promise<ReadonlyMap<string, Reading<boolean>>> {
      const open = invocations.filter((id) => isOpen(answers.get(id)));
      if (open.length > 0) {
        const about = open.map((id) => `INVOCATION_ID=${id}`);
        const { lines, reason } = await runJournalctl(
          { about, jobs: STOPPING_JOBS, messages: END_OF_RUN, fields: FIELDS },
          { journalctl, signal },
        );
        const missing = unknown(reason || 'the journal has no record of the end of its last run');
        if (!signal?.aborted) for (const id of open) remember(id, stopIn(lines, id) ?? missing);
      }
      return new Map(
        invocations.map((id) => [id, answers.get(id)?.stopped ?? unknown('the journal was not read')]),
      );
    },
  };
}

/**
 * Returns whether a stop job ended a run, from journalctl's JSON lines; `undefined` if they do not contain its end.
 *
 * Only the final record counts, because a restart begins with the same record as a stop. A unit that went down with the
 * restart of another one was not stopped.
 */
export function stopIn(lines: string, invocation: string): boolean | undefined {
  let ended = false;
  let stopping = false;
  for (const entry of entriesIn(lines)) {
    if (entry.INVOCATION_ID !== invocation) continue;
    if (STOPPING_JOBS.includes(String(entry.JOB_TYPE))) {
      if (entry.JOB_RESULT === 'done') return entry.JOB_TYPE === 'stop';
      stopping = entry.JOB_RESULT === undefined;
    }
    if (END_OF_RUN.includes(String(entry.MESSAGE_ID))) ended = true;
  }
  return ended && !stopping ? false : undefined;
}
