import { existsSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CannotTell } from '../../src/checks/failure.js';
import { runCommand, type CommandCall } from '../../src/checks/run-command.js';
import { spawnWithoutDescriptors } from '../without-descriptors.js';
import { folder } from './house.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** Runs a shell script. */
const run = (script: string, more: Partial<CommandCall> = {}) =>
  runCommand({
    ...{ argv: ['sh', '-c', script], cwd: undefined, env: process.env, timeoutMs: 30_000 },
    ...{ signal: new AbortController().signal, ...more },
  });
const isThere = (path: string) =>
  expect.poll(() => existsSync(path), { interval: 5, timeout: 5_000 }).toBe(true);
/** Returns whether a process runs: one that was killed and not reaped yet does not. */
const isAlive = (pid: string): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

describe('runCommand()', () => {
  it.each([0, 3, 125, 128])('returns the exit code %d, the output and the errors', async (code) => {
    expect(await run(`echo out; echo err >&2; exit ${code}`)).toEqual({
      ...{ code, output: 'out\n', errors: 'err\n', partial: false },
    });
  });

  it.each([126, 127])(
    'rejects for the exit code %d, by which a shell reports that it ran nothing',
    async (code) => {
      const ended = run(`exit ${code}`);
      await expect(ended).rejects.toThrow(new CannotTell(`sh exited with ${code}: it could not be run`));
    },
  );

  it('rejects with the signal that ended the program', async () => {
    await expect(run('kill -TERM $$')).rejects.toThrow(new CannotTell('sh was ended by SIGTERM'));
  });

  it('passes on the arguments, the environment and the working directory', async () => {
    const cwd = folder();
    const argv = ['sh', '-c', 'echo "$0 $1 $WORD"; pwd', 'a b', '*'];
    const { output } = await run('', { argv, cwd, env: { WORD: 'hello' } });
    expect(output).toBe(`a b * hello\n${cwd}\n`);
    expect((await run('pwd')).output).toBe(`${process.cwd()}\n`);
  });

  it('gives the program no input, and makes it the leader of a process group', async () => {
    const { output } = await run("cat; echo $$; cut -d' ' -f5 /proc/$$/stat");
    const [pid, group] = output.split('\n');
    expect(pid).toMatch(/^\d+$/);
    expect(group).toBe(pid);
  });

  it.each([
    [1_048_574, 1_048_575, false],
    [1_048_575, 1_048_576, false],
    [1_048_576, 1_048_576, true],
    [3_000_000, 1_048_576, true],
  ])(
    'of %d bytes of output and one more, keeps %d, and reports whether that is a part',
    async (more, kept, partial) => {
      const { output, ...end } = await run(`head -c ${more} /dev/zero; printf x`);
      expect([output.length, end.partial, end.code]).toEqual([kept, partial, 0]);
    },
  );

  it('returns as soon as the output is closed, and leaves no timer and no listener behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    const stop = new AbortController();
    expect(await run('echo out', { signal: stop.signal })).toMatchObject({ output: 'out\n' });
    expect(vi.getTimerCount()).toBe(0);
    stop.abort();
    // Its number may be that of another process by now.
    expect(kill).not.toHaveBeenCalled();
  });

  it.each([
    [1, 'output'],
    [2, 'errors'],
  ] as const)(
    'stops reading when the program has ended, though a child of it holds its stream %d open',
    async (stream, name) => {
      const path = join(folder(), 'closed');
      // The child goes on until what it writes is not read any more.
      const child = `trap '' PIPE; for i in $(seq 300); do echo x >&${stream} || break; sleep 0.01; done; touch ${path}`;
      const end = await run(`(${child}) 2>${stream === 1 ? '/dev/null' : '&2'} & echo ready >&${stream}`);
      expect(end.code).toBe(0);
      expect(end[name]).toContain('ready\n');
      await isThere(path);
    },
  );

  it('kills the program and its children when the caller aborts', async () => {
    const path = join(folder(), 'pids');
    const stop = new AbortController();
    const script = `trap '' TERM; sleep 60 & echo "$! $$" > ${path}.new; mv ${path}.new ${path}; wait; wait`;
    const ended = run(script, { signal: stop.signal }).catch((error: unknown) => error);
    await isThere(path);
    stop.abort(new Error('not this text'));
    expect(await ended).toEqual(new CannotTell('sh was stopped'));
    for (const pid of readFileSync(path, 'utf8').trim().split(' '))
      await expect.poll(() => isAlive(pid), { interval: 5 }).toBe(false);
  });

  it('kills the program and its children at the time limit', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const path = join(folder(), 'pids');
    const script = `sleep 60 & echo "$! $$" > ${path}.new; mv ${path}.new ${path}; wait`;
    const ended = run(script, { timeoutMs: 2_000 }).catch((error: unknown) => error);
    await isThere(path);
    vi.advanceTimersByTime(2_000);
    expect(await ended).toEqual(new CannotTell('sh took longer than 2 s'));
    for (const pid of readFileSync(path, 'utf8').trim().split(' '))
      await expect.poll(() => isAlive(pid), { interval: 5 }).toBe(false);
  });

  it('starts nothing for a caller who has aborted already', async () => {
    const path = join(folder(), 'ran');
    const stopped = AbortSignal.abort(new Error('stopped'));
    await expect(run(`touch ${path}`, { signal: stopped })).rejects.toThrow('stopped');
    expect(existsSync(path)).toBe(false);
  });

  it('rejects with the error code for a program that is not there', async () => {
    const kill = vi.spyOn(process, 'kill');
    const ended = run('', { argv: ['/nowhere/raid-state'] });
    await expect(ended).rejects.toThrow(new CannotTell('/nowhere/raid-state cannot be run: ENOENT'));
    expect(kill).not.toHaveBeenCalled();
  });

  it('rejects when no file descriptor is left, where Node returns a process without streams', async () => {
    spawnWithoutDescriptors();
    await expect(run('true')).rejects.toThrow(new CannotTell('sh cannot be run: EMFILE'));
  });
});
