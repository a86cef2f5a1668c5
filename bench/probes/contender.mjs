import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath, URL } from 'node:url';

export const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));

/** A process that does one thing over and over on request, so that contenders can take turns. */
export class Contender {
  #child;
  #lines;
  #failed;

  constructor([program, ...args]) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#failed = new Promise((_resolve, reject) => this.#child.once('error', reject));
    this.#failed.catch(() => undefined);
  }

  /** Starts one, and returns it with what it found. Rejects when it ends before it is ready. */
  static async start(argv) {
    const contender = new Contender(argv);
    const told = (await contender.#line()).replace(/^ready ?/, '');
    return { contender, told };
  }

  /** Starts one that runs in Node, by the words that start `program`. */
  static async startNode(name, given = {}, program = [execPath, WORKER]) {
    const { contender, told } = await Contender.start([...program, name, JSON.stringify(given)]);
    return { contender, found: JSON.parse(told) };
  }

  /** Lets it run for a time. Returns how many rounds it did per second, and per second of its CPU time. */
  async turn(ms) {
    const [rounds, wallNs, cpuNs] = (await this.ask(ms)).split(' ').map(Number);
    return { wall: rounds / (wallNs / 1e9), cpu: rounds / (cpuNs / 1e9) };
  }

  /** Sends a line, and returns the line that comes back. */
  async ask(line) {
    this.#child.stdin.write(`${line}\n`);
    return this.#line();
  }

  async stop() {
    const ended = once(this.#child, 'close');
    this.#child.stdin.end();
    await ended;
  }

  async #line() {
    const { value, done } = await Promise.race([this.#lines.next(), this.#failed]);
    if (done) throw new Error(`${this.#child.spawnargs.slice(0, 4).join(' ')} ended too early`);
    return value;
  }
}

/** Lets contenders take turns, A B C, C B A, A B C …, so that whatever else the machine does hits all alike. */
export async function takeTurns(contenders, { rounds, turnMs, warmUpMs }, say) {
  const turns = new Map(contenders.map(({ id }) => [id, { wall: [], cpu: [] }]));
  for (const { contender } of contenders) await contender.turn(warmUpMs);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const { id, contender } of order) {
      const { wall, cpu } = await contender.turn(turnMs);
      turns.get(id).wall.push(wall);
      turns.get(id).cpu.push(cpu);
    }
    say(`round ${round + 1} of ${rounds}`);
  }
  return turns;
}
