import { unknown, type Reading, type Writable } from '../../model/reading.js';
import type { LoadReading } from '../../model/snapshot.js';
import { ascii, type Digits } from './digits.js';
import { KeptFile, type Scratch } from './kept-file.js';

const [HYPHEN, COMMA, SLASH] = [ascii('-'), ascii(','), ascii('/')];
const MAX_CPUS = 1_000_000;
const NOT_PARSED = Object.freeze(unknown('/proc/loadavg could not be parsed'));

/** Creates an empty reading to fill. */
export const noLoad = (): Writable<LoadReading> => ({ one: NaN, five: NaN, fifteen: NaN, cpus: 0 });

/** Parses `/proc/loadavg` into `into`. */
export function parseLoad(text: Digits, cpus: number, into: Writable<LoadReading>): Reading<LoadReading> {
  const one = text.decimal();
  const five = text.decimal();
  const fifteen = text.decimal();
  if (one < 0 || five < 0 || fifteen < 0) return NOT_PARSED;
  into.one = one;
  into.five = five;
  into.fifteen = fifteen;
  into.cpus = cpus;
  return into;
}

/** Counts the CPUs of a list such as `0-3,8,10-11` (`/sys/devices/system/cpu/online`). Returns −1 for an invalid list. */
export function parseCpuList(text: Digits): number {
  let cpus = 0;
  do {
    const first = text.integer();
    const final = text.skip(HYPHEN) ? text.integer() : first;
    if (first < 0 || final < first || final > MAX_CPUS) return -1;
    cpus += final - first + 1;
  } while (text.skip(COMMA));
  return cpus;
}

/** Tasks come and go between the two readings. */
const TWICE = 2;
const FEW = 16;

/**
 * Detects whether the load shown by lxcfs is that of this container, which needs `lxcfs -l`, or that of the machine: it
 * compares the number of tasks in `/proc/loadavg` with that of the container.
 */
export class LoadScope {
  #tasks: KeptFile;

  constructor(root: string, scratch: Scratch) {
    this.#tasks = new KeptFile(`${root}/sys/fs/cgroup/pids.current`, scratch, { oneGo: true });
  }

  /** Returns whether this text of `/proc/loadavg`, behind the averages, is of this container. Overwrites the text. */
  isOwn(text: Digits): boolean {
    if (text.integer() < 0 || !text.skip(SLASH)) return false;
    const total = text.integer();
    const tasks = this.#tasks.text()?.integer() ?? -1;
    return total >= 0 && tasks >= 0 && total <= TWICE * tasks + FEW;
  }

  close(): void {
    this.#tasks.close();
  }
}
