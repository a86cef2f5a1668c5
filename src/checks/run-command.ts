import type { ChildProcess } from 'node:child_process';
import { span } from '../base/format.js';
import { CannotTell } from './failure.js';

/** A program to run. */
export interface CommandCall {
  readonly argv: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Result of a program that ended by itself. */
export interface CommandEnd {
  readonly code: number;
  /** The first {@link MAX_OUTPUT_BYTES} of its output. */
  readonly output: string;
  readonly errors: string;
  /** True if the output was longer. */
  readonly partial: boolean;
}

/** Maximum number of bytes of an output that are kept; the rest is read and dropped. */
export const MAX_OUTPUT_BYTES = 1024 * 1024;

/** Time that is waited for output after the program has ended, in milliseconds: a child may hold the output open. */
const LINGER_MS = 100;

/**
 * Runs a program as the leader of a process group, so that everything it started can be killed at the time limit. Rejects
 * with {@link CannotTell} when there is no exit code.
 */
export async function runCommand({ argv, cwd, env, timeoutMs, signal }: CommandCall): Promise<CommandEnd> {
  const { spawn } = await import('node:child_process');
  const [file = '', ...args] = argv;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    // Without a free file descriptor, Node returns a process without streams, and emits the error later.
    const child: ChildProcess = spawn(file, args, {
      ...{ cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    const [output, errors] = [new Kept(), new Kept()];
    child.stdout?.on('data', (data: Buffer) => output.add(data));
    child.stderr?.on('data', (data: Buffer) => errors.add(data));
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      child.stdout?.destroy();
      child.stderr?.destroy();
      settle();
    };
    const cannot = (why: string): void => end(() => reject(new CannotTell(`${file} ${why}`)));
    const kill = (why: string): void => {
      killGroup(child.pid);
      cannot(why);
    };
    const stop = (): void => kill('was stopped');
    const timer = setTimeout(kill, timeoutMs, `took longer than ${span(timeoutMs)}`);
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', (error: NodeJS.ErrnoException) =>
      cannot(`cannot be run: ${error.code ?? error.message}`),
    );
    child.once('exit', (code, by) => {
      if (code === null) return cannot(`was ended by ${String(by)}`);
      if (code === 126 || code === 127) return cannot(`exited with ${code}: it could not be run`);
      const done = (): void =>
        end(() => resolve({ code, output: output.text, errors: errors.text, partial: output.partial }));
      // What has arrived is heard before nobody waits any more.
      const linger = setTimeout(() => setImmediate(() => setImmediate(done)), LINGER_MS);
      child.once('close', () => {
        clearTimeout(linger);
        done();
      });
    });
  });
}

/** The beginning of an output. */
class Kept {
  readonly #parts: Buffer[] = [];
  #length = 0;
  partial = false;

  add(data: Buffer): void {
    const room = MAX_OUTPUT_BYTES - this.#length;
    if (data.length > room) this.partial = true;
    if (room <= 0) return;
    this.#parts.push(data.subarray(0, room));
    this.#length += Math.min(room, data.length);
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString('utf8');
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
