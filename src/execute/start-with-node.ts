import { spawn, type ChildProcess } from 'node:child_process';
import { Readable } from 'node:stream';
import type { ProgramEnd, StartProgram } from './start-program.js';

/** Starts a program with `node:child_process`, so that the root helper loads no package. */
// eslint-disable-next-line @typescript-eslint/require-await -- StartProgram is asynchronous.
export const startWithNode: StartProgram = async ({ argv, env, input }) => {
  const [file = '', ...args] = argv;
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      detached: true,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
  } catch (error) {
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    const ended = Promise.resolve({ code });
    const [kill, exited] = [(): void => undefined, Promise.resolve()];
    return { pid: undefined, stdout: empty(), stderr: empty(), kill, exited, ended };
  }
  // A program may close its standard input unread.
  child.stdin?.on('error', () => undefined).end(input);
  const { pid, stdout, stderr } = child;
  const exited = new Promise<void>((resolve) => {
    child.once(pid === undefined ? 'error' : 'exit', () => resolve());
  });
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.once('error', ({ code = 'no code' }: NodeJS.ErrnoException) => resolve({ code }));
    child.once('close', (exitCode, signal) =>
      resolve(exitCode === null ? { signal: signal ?? 'a signal' } : { exitCode }),
    );
  });
  const kill = (): void => void child.kill('SIGKILL');
  // Without a free file descriptor, Node returns a process without streams.
  return { pid, stdout: stdout ?? empty(), stderr: stderr ?? empty(), kill, exited, ended };
};

const empty = (): Readable => Readable.from([]);
