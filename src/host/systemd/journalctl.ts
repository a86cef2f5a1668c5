import { messageOf } from '../../base/errors.js';
import { errorTextOf, runProgram } from './run-program.js';

/** The first read from a hard disk is slow. */
const TIMEOUT_MS = 10_000;

export interface JournalctlOptions {
  /** Program. Default `journalctl`, found by `PATH`. */
  readonly journalctl?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Selects records about units or runs: those of some types of jobs, and those with some message ids. */
export interface JournalQuery {
  /** Matches of the units or runs: `UNIT=nginx.service`. */
  readonly about: readonly string[];
  readonly jobs: readonly string[];
  readonly messages?: readonly string[];
  /** Fields to read, separated by commas. */
  readonly fields: string;
  /** Further arguments, such as `--boot`. */
  readonly range?: readonly string[];
}

/** Returns journalctl's JSON lines, and why some or all of them are missing; empty if none are. Never rejects. */
export async function runJournalctl(
  { about, jobs, messages = [], fields, range = [] }: JournalQuery,
  { journalctl = 'journalctl', signal }: JournalctlOptions,
): Promise<{ readonly lines: string; readonly reason: string }> {
  // Only records of PID 1: anyone can write a `JOB_TYPE` field to the journal.
  const own = ['_PID=1', ...about];
  const ofMessages = messages.length > 0 ? ['+', ...own, ...messages.map((id) => `MESSAGE_ID=${id}`)] : [];
  const matches = [...own, ...jobs.map((type) => `JOB_TYPE=${type}`), ...ofMessages];
  const args = ['--no-pager', ...range, '--output=json', `--output-fields=${fields}`, ...matches];
  try {
    const output = await runProgram(journalctl, args, { timeoutMs: TIMEOUT_MS, signal });
    return { lines: output.stdout, reason: errorTextOf(output) };
  } catch (error) {
    return { lines: '', reason: messageOf(error) };
  }
}

/** Parses JSON lines; others are left out. */
export const entriesIn = (lines: string): readonly Record<string, unknown>[] =>
  lines.split('\n').flatMap((line) => {
    try {
      const entry = JSON.parse(line) as Record<string, unknown> | null;
      return entry === null ? [] : [entry];
    } catch {
      return [];
    }
  });
