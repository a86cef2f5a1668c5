import { setTimeout as sleep } from 'node:timers/promises';
import { splitLines } from './lines.js';
import type { StartProgram } from './start-program.js';

/** Delay of the journal behind the output, in milliseconds. */
const LAG_MS = 300;
const KEPT_LINES = 200;

/** Reads the output of a unit after it ended: the follower may have started too late for a short one. */
async function readOnce(unit: string, since: string, start: StartProgram): Promise<string> {
  // Root only, and not needed where it fails.
  const sync = await start({ argv: ['journalctl', '--sync'], env: { LC_ALL: 'C' } });
  sync.stdout.resume();
  sync.stderr.resume();
  await sync.ended;
  const child = await start({
    argv: [
      ...['journalctl', '--quiet', '--no-pager', '--output=cat', `--lines=${KEPT_LINES}`],
      ...[`--since=${since}`, `_SYSTEMD_UNIT=${unit}.service`],
    ],
    env: { LC_ALL: 'C' },
  });
  const lines: string[] = [];
  splitLines(child.stdout, (line) => void lines.push(line));
  child.stderr.resume();
  await child.ended;
  return lines.join('\n').trim();
}

/** Output of a transient unit in the journal, while it runs. */
export interface JournalFollower {
  /** Stops following. Returns the last lines. */
  end(): Promise<string>;
}

/**
 * Follows the output of a unit from now on. A unit that may restart this program must not write to a pipe of this
 * program, which would break in the middle of its work; so it writes to the journal, which is read here.
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
    const followed = lines.join('\n').trim();
    const whole = await readOnce(unit, since, start).catch(() => '');
    return whole.length > followed.length ? whole : followed;
  };
  return { end: () => (ended ??= stop()) };
}
