import { spawn } from 'node:child_process';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath, URL } from 'node:url';

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));

/** A process that does one thing over and over while it is told to, so that contenders can take turns. */
export class Contender {
  #child;
  #lines;
  #failed;

  constructor(program, args) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#failed = new Promise((_resolve, reject) => this.#child.once('error', reject));
    this.#failed.catch(() => undefined);
  }

  /** Starts one, and gives it with what it told of itself. Rejects when it ends before it is ready. */
  static async start(program, args) {
    const contender = new Contender(program, args);
    const told = (await contender.#line()).replace(/^ready ?/, '');
    return { contender, told };
  }

  /** Starts one of those that run in Node. */
  static async startNode(name, given = {}) {
    const { contender, told } = await Contender.start(execPath, [WORKER, name, JSON.stringify(given)]);
    return { contender, found: JSON.parse(told) };
  }

  /** Lets it run for a time; gives how many it did in a second. */
  async turn(ms) {
    const [rounds, nanoseconds] = (await this.ask(ms)).split(' ').map(Number);
    return rounds / (nanoseconds / 1e9);
  }

  /** Sends a line, and gives the line that comes back. */
  async ask(line) {
    this.#child.stdin.write(`${line}\n`);
    return this.#line();
  }

  stop() {
    this.#child.stdin.end();
  }

  async #line() {
    const { value, done } = await Promise.race([this.#lines.next(), this.#failed]);
    if (done) throw new Error(`${this.#child.spawnargs.slice(0, 3).join(' ')} ended too early`);
    return value;
  }
}
