import { Digits } from './digits.js';
import { KeptFile } from './kept-file.js';
import type { Scratch } from './scratch.js';

const SLASH = 47;
/** Tasks come and go between the two readings. */
const TWICE = 2;
const FEW = 16;

/**
 * Tells whether the load that lxcfs shows is that of this container: it is only where lxcfs was started with `-l`, and
 * otherwise that of the whole machine. The number of tasks stands beside the load; a container knows how many it has.
 */
export class LoadScope {
  #tasks: KeptFile;
  #scratch: Scratch;
  #digits = new Digits();

  constructor(root: string, scratch: Scratch) {
    this.#tasks = new KeptFile(`${root}/sys/fs/cgroup/pids.current`, scratch, { oneGo: true });
    this.#scratch = scratch;
  }

  /** Whether the text of `/proc/loadavg`, which is in the scratch buffer and is lost, counts the tasks of this container. */
  isOwn(length: number): boolean {
    const digits = this.#digits.over(this.#scratch.bytes, length);
    for (let average = 0; average < 3; average++) if (digits.decimal() < 0) return false;
    if (digits.integer() < 0 || digits.bytes[digits.position] !== SLASH) return false;
    digits.position++;
    const total = digits.integer();
    const own = this.#tasks.read();
    if (own < 0 || total < 0) return false;
    const tasks = digits.over(this.#scratch.bytes, own).integer();
    return tasks >= 0 && total <= TWICE * tasks + FEW;
  }

  close(): void {
    this.#tasks.close();
  }
}
