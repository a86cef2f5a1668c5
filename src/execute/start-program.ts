import type { Readable } from 'node:stream';
import { lazy } from '../base/lazy.js';

/** Loads execa, which opens some 45 files at once. */
export const loadExeca = lazy(async () => (await import('execa')).execa, 64);

/** A program to start without a shell, in its own process group. */
export interface Program {
  readonly argv: readonly string[];
  /** Added to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Its standard input. Default: none. */
  readonly input?: string;
}

export interface ProgramEnd {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** Code of the error, such as `ENOENT`, when it could not be started. */
  readonly code?: string | undefined;
}

export interface RunningProgram {
  /** `undefined` when it could not be started. */
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Kills the program, not its children. */
  readonly kill: () => void;
  /** Resolves when the program has ended; a child may keep its output open. */
  readonly exited: Promise<void>;
  /** Resolves when it has ended and its output is closed. */
  readonly ended: Promise<ProgramEnd>;
}

/** Starts a program. Never rejects: `ended` has the error. */
export type StartProgram = (program: Program) => Promise<RunningProgram>;

export const startWithExeca: StartProgram = async ({ argv, env, input }) => {
  const execa = await loadExeca();
  const [file = '', ...args] = argv;
  const child = execa(file, args, {
    detached: true,
    buffer: false,
    reject: false,
    env,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
  const { pid, stdout, stderr } = child;
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const kill = (): void => void child.kill('SIGKILL');
  return { pid, stdout, stderr, kill, exited, ended: child };
};
