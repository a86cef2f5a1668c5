import { messageOf } from '../../base/errors.js';
import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import { complaintOf, runProgram } from './run-program.js';

/** PID 1's own records of a run's end: it succeeded, it failed, its main process exited. */
const END_OF_RUN = [
  '7ad2d189f7e94e70a38c781354912448',
  'd9b373ed55a64feb8242e02dbe79a49c',
  '98e322203f7a4ed290d09fe03c09fe15',
];
/** Jobs that end a run. */
const JOBS_THAT_END: readonly string[] = ['stop', 'restart', 'try-restart'];
/** journald writes a little later than systemd acts, so silence is asked about again at once, this often … */
const QUICK_ATTEMPTS = 3;
/** … and then from time to time, since it may also come from a permission that somebody gives. */
const SLOW_ATTEMPT_MS = 600_000;

const MAX_ANSWERS = 1000;

const FIELDS = 'INVOCATION_ID,JOB_TYPE,JOB_RESULT,MESSAGE_ID';

/** What the journal tells of runs of units. */
export interface Journal {
  /**
   * Tells for each run, by its invocation ID, whether a stop job ended it. One process for all of them, and none
   * for those that were asked about before.
   */
  stoppedByJob(
    invocations: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, Reading<boolean>>>;
}

/** How to run journalctl. */
export interface JournalOptions {
  /** The program. Default `journalctl`, found by `PATH`. */
  readonly journalctl?: string | undefined;
  /** How long one run may take, in milliseconds. Default 10,000: on a spinning disk the first look is slow. */
  readonly timeoutMs?: number | undefined;
  /** Monotonic time in milliseconds. */
  readonly now: () => number;
}

interface Answer {
  readonly stopped: Reading<boolean>;
  readonly attempts: number;
  readonly askedAt: number;
}

/** Opens the journal; nothing is read before it is asked. */
export function createJournal(options: JournalOptions): Journal {
  const { journalctl = 'journalctl', timeoutMs = 10_000, now } = options;
  const answers = new Map<string, Answer>();

  async function look(
    invocations: readonly string[],
    signal?: AbortSignal,
  ): Promise<(id: string) => Reading<boolean>> {
    try {
      const args = ['--no-pager', '--output=json', `--output-fields=${FIELDS}`, ...matches(invocations)];
      const output = await runProgram(journalctl, args, { timeoutMs, signal });
      const complaint = complaintOf(output);
      const silence = complaint === '' ? 'the journal holds no end of its last run' : complaint;
      return (id) => stopIn(output.stdout, id) ?? unknown(silence);
    } catch (error) {
      return () => unknown(messageOf(error));
    }
  }

  const isOpen = (answer: Answer | undefined): boolean =>
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
    async stoppedByJob(invocations, signal) {
      const open = invocations.filter((id) => isOpen(answers.get(id)));
      if (open.length > 0) {
        const stopped = await look(open, signal);
        // What was aborted was not asked.
        if (!signal?.aborted) for (const id of open) remember(id, stopped(id));
      }
      return new Map(
        invocations.map((id) => [id, answers.get(id)?.stopped ?? unknown('the journal was not asked')]),
      );
    },
  };
}

/** Only what PID 1 itself wrote: anyone can put a `JOB_TYPE` field into the journal. */
function matches(invocations: readonly string[]): readonly string[] {
  const runs = ['_PID=1', ...invocations.map((id) => `INVOCATION_ID=${id}`)];
  const jobs = JOBS_THAT_END.map((type) => `JOB_TYPE=${type}`);
  return [...runs, ...jobs, '+', ...runs, ...END_OF_RUN.map((id) => `MESSAGE_ID=${id}`)];
}

/**
 * Tells from journalctl's JSON lines whether a stop job ended a run; `undefined` when they do not hold its end.
 *
 * The record that a stop has begun is the same for the stop half of a restart: only the closing record tells. A unit
 * that went down along with the restart of another one was stopped by nobody.
 */
export function stopIn(lines: string, invocation: string): boolean | undefined {
  let ended = false;
  let stopping = false;
  for (const line of lines.split('\n')) {
    const entry = parseEntry(line);
    if (entry?.INVOCATION_ID !== invocation) continue;
    if (JOBS_THAT_END.includes(String(entry.JOB_TYPE))) {
      if (entry.JOB_RESULT === 'done') return entry.JOB_TYPE === 'stop';
      stopping = entry.JOB_RESULT === undefined;
    }
    if (END_OF_RUN.includes(String(entry.MESSAGE_ID))) ended = true;
  }
  return ended && !stopping ? false : undefined;
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
