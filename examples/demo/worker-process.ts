import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Kind of fault of a worker, and the time until it occurs, in milliseconds. */
export type Habit = readonly [kind: 'none' | 'crash' | 'leak' | 'hang', afterMs: number];

/** A worker of the service: a real process, which can also be killed from outside. */
export class WorkerProcess {
  readonly name: string;
  /** Fault that it will have, by the number of its starts. */
  readonly #habit: (starts: number) => Habit;
  #child: ChildProcess | undefined;
  #heardAt = 0;
  #memoryMb = 0;
  #starts = 0;

  constructor(name: string, habit: (starts: number) => Habit) {
    this.name = name;
    this.#habit = habit;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resident memory in its last message, in MiB. */
  get memoryMb(): number {
    return this.#memoryMb;
  }

  /** Seconds since its last message. */
  get silentSeconds(): number {
    return this.#child ? (performance.now() - this.#heardAt) / 1_000 : 0;
  }

  get isAlive(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it, and waits for its first message. */
  async start(): Promise<void> {
    const [kind, afterMs] = this.#habit(this.#starts++);
    const file = join(import.meta.dirname, 'worker.mjs');
    // Its stack trace is part of the demo, not of the output.
    const child = fork(file, [kind, String(afterMs)], { stdio: 'ignore', execArgv: [] });
    this.#child = child;
    this.#heardAt = performance.now();
    child.on('message', ({ memoryMb }: { memoryMb: number }) => {
      this.#heardAt = performance.now();
      this.#memoryMb = memoryMb;
    });
    child.on('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    await Promise.race([once(child, 'message'), once(child, 'exit')]);
  }

  /** Kills it. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
