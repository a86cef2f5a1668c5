import { messageOf } from '../../base/errors.js';
import { unknown, type Reading } from '../../model/reading.js';
import { runProgram } from './run-program.js';

const LINES = 10;
const LINE_LENGTH = 300;

/** Reads the last journal lines of a unit, and of systemd about it: at most 10 of 300 characters. */
export async function unitLog(
  unit: string,
  signal?: AbortSignal,
  journalctl = 'journalctl',
): Promise<Reading<readonly string[]>> {
  const args = ['--no-pager', '--quiet', `--lines=${LINES}`, '--output=short-iso', `--unit=${unit}`];
  try {
    const { stdout, stderr, exitStatus } = await runProgram(journalctl, args, { timeoutMs: 5_000, signal });
    if (exitStatus !== 0) {
      const [line = ''] = stderr.split('\n');
      return unknown(line === '' ? `journalctl exited with ${exitStatus}` : line);
    }
    return logLines(stdout);
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** Returns the last lines without control characters, which could move a terminal's cursor. */
export function logLines(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\p{Cc}/gu, ' ').trim());
  return lines
    .filter((line) => line !== '')
    .slice(-LINES)
    .map((line) => line.slice(0, LINE_LENGTH));
}
