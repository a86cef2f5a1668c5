import { syncBuiltinESMExports } from 'node:module';
import { PassThrough, type Readable } from 'node:stream';
import timers from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followJournal } from '../../src/execute/follow-journal.js';
import type { Program, RunningProgram, StartProgram } from '../../src/execute/start-program.js';

/** Events of the stand-ins of `journalctl`, in order. */
let events: string[];
let programs: Program[];
beforeEach(() => {
  events = [];
  programs = [];
  vi.spyOn(Date, 'now').mockReturnValue(1_735_689_600_123);
  // The pause takes no time.
  vi.spyOn(timers, 'setTimeout').mockImplementation(async (ms) => {
    await new Promise((resolve) => setImmediate(resolve));
    events.push(`waited ${ms} ms`);
    return undefined;
  });
  syncBuiltinESMExports();
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const kindOf = ({ argv }: Program): string =>
  argv.includes('--follow') ? 'follower' : argv.includes('--sync') ? 'sync' : 'reader';
const closed = (stream: Readable) => new Promise((resolve) => void stream.once('end', resolve));

/** Stands in for `journalctl`. It has ended, like a real program, when both of its outputs were read to the end. */
function journalctl(kind: string, printed: string, afterKill: string): RunningProgram {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const ended = Promise.all([closed(stdout), closed(stderr)]).then(() => {
    events.push(`${kind} ended`);
    return { exitCode: 0 };
  });
  const end = (last: string): void =>
    void setImmediate(() => {
      stdout.end(last);
      stderr.end('Hint: you are not seeing messages from other users\n');
    });
  stdout.write(printed);
  if (kind !== 'follower') end('');
  const kill = (): void => {
    events.push('follower killed');
    end(afterKill);
  };
  return { pid: undefined, stdout, stderr, kill, exited: ended.then(() => undefined), ended };
}

/** Starts stand-ins that print these texts. A reader without a text cannot be started. */
const startWith =
  (followed: string, whole?: string, afterKill = ''): StartProgram =>
  (program) => {
    const kind = kindOf(program);
    programs.push(program);
    events.push(`${kind} started`);
    if (kind === 'reader' && whole === undefined) return Promise.reject(new Error('EMFILE'));
    const printed = { follower: followed, sync: 'synchronized\n', reader: whole ?? '' }[kind];
    return Promise.resolve(journalctl(kind, printed ?? '', afterKill));
  };
const follow = (start: StartProgram, onLine: (line: string) => void = () => undefined) =>
  followJournal('switch-1', onLine, start);
const linesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index}`);

describe('the journal of a transient unit', () => {
  it('is followed from now on, then synchronized, and read once from the same time', async () => {
    await (
      await follow(startWith(''))
    )();
    const env = { LC_ALL: 'C' };
    const which = ['--since=@1735689600.123', '_SYSTEMD_UNIT=switch-1.service'];
    expect(programs).toEqual([
      { argv: ['journalctl', '--follow', '--quiet', '--output=cat', '--lines=all', ...which], env },
      { argv: ['journalctl', '--sync'], env },
      { argv: ['journalctl', '--quiet', '--no-pager', '--output=cat', '--lines=200', ...which], env },
    ]);
  });

  it('is followed a little longer than the unit runs, and read only after the follower has ended', async () => {
    await (
      await follow(startWith('', ''))
    )();
    expect(events).toEqual([
      ...['follower started', 'waited 300 ms', 'follower killed', 'follower ended'],
      ...['sync started', 'sync ended', 'reader started', 'reader ended'],
    ]);
  });

  it('is ended once, however often that is requested', async () => {
    const end = await follow(startWith('one\n', ''));
    expect(await Promise.all([end(), end()])).toEqual(['one', 'one']);
    expect(events.filter((event) => event === 'follower killed')).toHaveLength(1);
  });

  it('is passed on line by line', async () => {
    const lines: string[] = [];
    await (
      await follow(startWith('one\ntwo\n', '', 'last\n'), (line) => lines.push(line))
    )();
    expect(lines).toEqual(['one', 'two', 'last']);
  });
});

describe('the output of a transient unit', () => {
  it.each<[string, string, string | undefined, string]>([
    ['what was followed, up to the end of the follower', 'one\ntwo\n', '', 'one\ntwo\nlast'],
    ['what was followed, if nothing can be read after it', 'one\n', undefined, 'one\nlast'],
    ['what was read after it, if that is more', 'one\n', 'nought\none\nlast\n', 'nought\none\nlast'],
    ['what was followed, if as much was read', 'one\n', 'two\nless\n', 'one\nlast'],
    ['what was followed, if less was read', 'one\n', 'last\n', 'one\nlast'],
    ['without empty lines at its ends', '\none\n', '', 'one\nlast'],
  ])('is %s', async (_which, followed, whole, expected) => {
    expect(await (await follow(startWith(followed, whole, 'last\n')))()).toBe(expected);
  });

  it.each([200, 201, 250])('is limited to its last 200 lines, of %d', async (count) => {
    const lines = linesOf(count);
    const seen: string[] = [];
    const end = await follow(startWith(`${lines.join('\n')}\n`, ''), (line) => seen.push(line));
    expect(await end()).toBe(lines.slice(-200).join('\n'));
    expect(seen).toEqual(lines);
  });
});
