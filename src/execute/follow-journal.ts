import { setTimeout as sleep } from 'node:timers/promises';
import { splitLines } from './lines.js';
import type { StartProgram } from './start-program.js';

/** Delay of the journal behind the output, in milliseconds. */
const LAG_MS = 300;
const KEPT_LINES = 200;

const journalctl = (start: StartProgram, ...options: readonly string[]) =>
  start({ argv: ['journalctl', ...options], env: { LC_ALL: 'C' } });

/** Reads the output of a unit after it ended: the follower may have started too late for a short one. */
async function readOnce(which: readonly string[], start: StartProgram): Promise<string> {
  // Root only, and not needed where it fails.
  const sync = await journalctl(start, '--sync');
  sync.stdout.resume();
  sync.stderr.resume();
  await sync.ended;
  const limit = `--lines=${KEPT_LINES}`;
  const child = await journalctl(start, '--quiet', '--no-pager', '--output=cat', limit, ...which);
  const lines: string[] = [];
  splitLines(child.stdout, (line) => void lines.push(line));
  child.stderr.resume();
  await child.ended;
  return lines.join('\n').trim();
}

/**
 * Follows the output of a unit from now on, and returns a function that stops it and returns the last lines. A unit that
 * may restart this program must not write to a pipe of this program, which would break in the middle of its work; so it
 * writes to the journal, which is read here.
 */
export async function followJournal(
  unit: string,
  onLine: (line: string) => void,
  start: StartProgram,
): Promise<() => Promise<string>> {
  const which = [`--since=@${(Date.now() / 1_000).toFixed(3)}`, `_SYSTEMD_UNIT=${unit}.service`];
  const child = await journalctl(start, '--follow', '--quiet', '--output=cat', '--lines=all', ...which);
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
    const followed = lines.join('\n').trim();
    const whole = await readOnce(which, start).catch(() => '');
    return whole.length > followed.length ? whole : followed;
  };
  return () => (ended ??= stop());
}
