import { EventEmitter, once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { PassThrough } from 'node:stream';
import timers from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../../src/execute/run-command.js';
import type { Program, ProgramEnd, RunningProgram } from '../../src/execute/start-program.js';
import type { CommandStep } from '../../src/model/plan.js';

const PID = 4_321;
const turn = (): Promise<void> => timers.setImmediate();

/** A program that runs until the test ends it. */
interface StandIn extends RunningProgram {
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  /** Ends the program. Its output stays open. */
  exit(): Promise<void>;
  /** Ends its output. */
  close(end?: ProgramEnd): Promise<void>;
}

function standIn(pid: number | undefined): StandIn {
  const events = new EventEmitter();
  const exited = once(events, 'exit').then(() => undefined);
  const ended = once(events, 'close').then(([end]) => end as ProgramEnd);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  return {
    ...{ pid, stdout, stderr, exited, ended },
    kill: () => void events.emit('close', { signal: 'SIGKILL' }),
    exit: () => {
      events.emit('exit');
      return turn();
    },
    close: async (end = { exitCode: 0 }) => {
      stdout.end();
      stderr.end();
      await turn();
      events.emit('close', end);
    },
  };
}

let program: StandIn;
let programs: Program[];
let lines: string[];
/** The signals sent, with the process or process group. */
let kills: unknown[][];
/** Prints of `journalctl --follow`. */
let journal: string;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  [program, programs, lines, kills, journal] = [standIn(PID), [], [], [], ''];
  vi.spyOn(process, 'kill').mockImplementation((...call) => {
    kills.push(call);
    return true;
  });
  // The journal is not waited for.
  vi.spyOn(timers, 'setTimeout').mockImplementation(() => timers.setImmediate(undefined));
  syncBuiltinESMExports();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

function start(started: Program): Promise<RunningProgram> {
  programs.push(started);
  if (started.argv[0] !== 'journalctl') return Promise.resolve(program);
  const reader = standIn(undefined);
  if (started.argv.includes('--follow')) reader.stdout.write(journal);
  else void reader.close();
  return Promise.resolve(reader);
}

/** Runs the stand-in, and returns its report once it is followed. */
async function run(more: Partial<CommandStep> = {}, signal?: AbortSignal) {
  const step: CommandStep = {
    ...{ kind: 'command', argv: ['work'], needsRoot: false, timeoutMs: 60_000, interruptible: true, ...more },
  };
  const report = runCommand(step, signal, (line) => lines.push(line), start);
  await turn();
  return { report };
}

const whatIsOpen = (): string[] => (['stdout', 'stderr'] as const).filter((name) => !program[name].destroyed);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a program that does not end', () => {
  it('has its process group asked to end at its time limit, not before', async () => {
    await run();
    await pass(59_999);
    expect(kills).toEqual([]);
    await pass(1);
    expect(kills).toEqual([[-PID, 'SIGTERM']]);
  });

  it('has its process group asked to end when its signal is aborted', async () => {
    const controller = new AbortController();
    await run({}, controller.signal);
    expect(kills).toEqual([]);
    controller.abort();
    expect(kills).toEqual([[-PID, 'SIGTERM']]);
  });

  it('has 2 s to end, then its group is killed and its output closed', async () => {
    await run({}, AbortSignal.abort());
    await pass(1_999);
    expect([kills, whatIsOpen()]).toEqual([[[-PID, 'SIGTERM']], ['stdout', 'stderr']]);
    await pass(1);
    expect([kills.slice(1), whatIsOpen()]).toEqual([[[-PID, 'SIGKILL']], []]);
  });

  it('has what is left of its group killed once it has ended within these 2 s', async () => {
    const { report } = await run({}, AbortSignal.abort());
    await program.close({ signal: 'SIGTERM' });
    expect(await report).toEqual({ ok: false, error: '`work` was stopped, and was ended with its children' });
    expect(kills.slice(1)).toEqual([[-PID, 'SIGKILL']]);
  });

  it('has the first reason to end it in its error, and 2 s from there', async () => {
    const controller = new AbortController();
    const { report } = await run({ timeoutMs: 1_000 }, controller.signal);
    await pass(1_000);
    await pass(1_500);
    controller.abort();
    await pass(500);
    expect(kills.at(-1)).toEqual([-PID, 'SIGKILL']);
    await program.close();
    expect((await report).error).toContain('did not end within 1 s');
  });

  it('and was not started has no process group to be ended', async () => {
    program = standIn(undefined);
    const { report } = await run({}, AbortSignal.abort());
    await pass(2_000);
    await program.close({ code: 'ENOENT' });
    expect(await report).toMatchObject({ ok: false });
    expect(kills).toEqual([]);
  });
});

describe('a program that has ended', () => {
  it('has its output, which a child keeps open, closed 2 s later', async () => {
    await run();
    await program.exit();
    await pass(1_999);
    expect(whatIsOpen()).toEqual(['stdout', 'stderr']);
    await pass(1);
    expect(whatIsOpen()).toEqual([]);
    expect(kills).toEqual([]);
  });

  it.each<[string, () => Promise<void>]>([
    ['before its output', () => program.exit().then(() => program.close())],
    [
      'after its output',
      () =>
        program
          .close()
          .then(() => turn())
          .then(() => program.exit()),
    ],
  ])('%s leaves no timer', async (_when, end) => {
    const { report } = await run();
    await end();
    expect(await report).toEqual({ ok: true });
    await turn();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('after it was asked to leaves no timer', async () => {
    const { report } = await run({}, AbortSignal.abort());
    await program.exit();
    await program.close();
    await report;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not killed by a later abort: its process id may belong to another program', async () => {
    const controller = new AbortController();
    const { report } = await run({}, controller.signal);
    await program.close();
    await report;
    controller.abort();
    await pass(2_000);
    expect(kills).toEqual([]);
  });
});

describe('the error of a program', () => {
  const errorOf = async (printed: string, end: ProgramEnd = { exitCode: 1 }) => {
    const { report } = await run();
    program.stderr.write(printed);
    await program.close(end);
    return (await report).error;
  };

  it.each([
    ['the last two lines of stderr', 'one\ntwo\nthree\n', ': two three'],
    ['nothing more if stderr is empty', '\n', ''],
    ['at most 500 characters of stderr', `${'a'.repeat(500)}b`, `: ${'a'.repeat(500)}`],
  ])('has %s', async (_what, printed, words) => {
    expect(await errorOf(printed)).toBe(`\`work\` exited with 1${words}`);
  });

  it('says that a signal ended it, if nothing more is known', async () => {
    expect(await errorOf('', {})).toBe('`work` was ended by a signal');
  });
});

describe('the output of a program', () => {
  it.each([40_000, 65_536])('is kept whole if it has %d bytes', async (bytes) => {
    const { report } = await run();
    const text = `a${'b'.repeat(bytes - 1)}`;
    program.stdout.write(text);
    await program.close();
    expect((await report).output === text).toBe(true);
  });

  it('loses its first byte if it has one more than 64 KiB', async () => {
    const { report } = await run();
    program.stdout.write(`a${'b'.repeat(65_536)}`);
    await program.close();
    expect((await report).output === 'b'.repeat(65_536)).toBe(true);
  });

  it('is logged line by line, of both streams', async () => {
    const { report } = await run();
    program.stdout.write('to stdout\n');
    program.stderr.write('to stderr\n');
    await program.close();
    await report;
    expect(lines.toSorted()).toEqual(['to stderr', 'to stdout']);
  });

  it.each(['stdout', 'stderr'] as const)('may break in %s: what was read before is kept', async (name) => {
    const { report } = await run();
    program[name].write('before\n');
    await turn();
    expect(() => program[name].emit('error', new Error('EIO'))).not.toThrow();
    await program.close();
    expect(await report).toEqual({ ok: true, output: 'before' });
  });
});

describe('a program that runs in a unit', () => {
  const follows = () =>
    programs.filter(({ argv }) => argv.includes('--follow')).map(({ argv }) => argv.at(-1));

  it('has the journal of the unit logged, and printed after its own output', async () => {
    journal = 'built\nswitched\n';
    const { report } = await run({ unit: 'switch-1' });
    program.stdout.write('Running as unit\n');
    await program.close();
    expect(await report).toEqual({ ok: true, output: 'Running as unit\nbuilt\nswitched' });
    expect(follows()).toEqual(['_SYSTEMD_UNIT=switch-1.service']);
    expect(lines.toSorted()).toEqual(['Running as unit', 'built', 'switched']);
  });

  it('fails with the last two lines of the journal, not of its stderr', async () => {
    journal = 'building\nno space left\nfailed\n';
    const { report } = await run({ unit: 'switch-1' });
    program.stderr.write('Finished with result: exit-code\n');
    await program.close({ exitCode: 1 });
    expect((await report).error).toBe('`work` exited with 1: no space left failed');
  });

  it('is none without the name of one: no journal is followed', async () => {
    const { report } = await run();
    await program.close();
    await report;
    expect(programs).toEqual([{ argv: ['work'], env: { LC_ALL: 'C' } }]);
  });
});

it('a program receives the input of its step', async () => {
  await run({ input: 'performance\n', env: { A: 'b' } });
  expect(programs).toEqual([{ argv: ['work'], env: { LC_ALL: 'C', A: 'b' }, input: 'performance\n' }]);
});
