import { setTimeout as sleep } from 'node:timers/promises';
import { splitLines } from './lines.js';
import type { StartProgram } from './start-program.js';

/** The journal is a moment behind what is printed. */
const LAG_MS = 300;
/** Of what is printed the last lines are kept. */
const KEPT_LINES = 200;

/** What a transient unit prints to the journal, while it runs. */
export interface JournalFollower {
  /** Stops following, and gives the last lines. */
  end(): Promise<string>;
}

/**
 * Follows what a unit prints, from now on. A unit that may restart this very program must not print into a pipe of
 * ours: it would break with us, in the middle of its work. So it prints to the journal, and we read along.
 */
export async function followJournal(
  unit: string,
  onLine: (line: string) => void,
  start: StartProgram,
): Promise<JournalFollower> {
  const since = `@${(Date.now() / 1_000).toFixed(3)}`;
  const child = await start({
    argv: [
      ...['journalctl', '--follow', '--quiet', '--output=cat', '--lines=all'],
      ...[`--since=${since}`, `_SYSTEMD_UNIT=${unit}.service`],
    ],
    env: { LC_ALL: 'C' },
  });
  const lines: string[] = [];
  splitLines(child.stdout, (line) => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    onLine(line);
  });
  child.stderr.resume();
  let ended: Promise<string> | undefined;
  const stop = async (): Promise<string> => {
    await sleep(LAG_MS);
    child.kill();
    await child.ended;
    return lines.join('\n').trim();
  };
  return { end: () => (ended ??= stop()) };
}
