import { unknown, type Reading, type Writable } from '../../model/reading.js';
import type { LoadReading } from '../../model/snapshot.js';
import { Digits } from './digits.js';
import { KeptFile, type Scratch } from './kept-file.js';

const HYPHEN = 45;
const COMMA = 44;
const MAX_CPUS = 1_000_000;
const digits = new Digits();
const averages = new Float64Array(3);
const NOT_PARSED = Object.freeze(unknown('/proc/loadavg could not be parsed'));

/** Creates an empty reading to fill. */
export const noLoad = (): Writable<LoadReading> => ({ one: NaN, five: NaN, fifteen: NaN, cpus: 0 });

/** Parses `/proc/loadavg` into `into`. */
export function parseLoad(
  bytes: Uint8Array,
  length: number,
  cpus: number,
  into: Writable<LoadReading> = noLoad(),
): Reading<LoadReading> {
  digits.over(bytes, length);
  for (let i = 0; i < 3; i++) {
    const value = digits.decimal();
    if (value < 0) return NOT_PARSED;
    averages[i] = value;
  }
  into.one = averages[0]!;
  into.five = averages[1]!;
  into.fifteen = averages[2]!;
  into.cpus = cpus;
  return into;
}

/** Counts the CPUs of a list such as `0-3,8,10-11` (`/sys/devices/system/cpu/online`). Returns −1 for an invalid list. */
export function parseCpuList(bytes: Uint8Array, length: number): number {
  digits.over(bytes, length);
  let cpus = 0;
  for (;;) {
    const first = digits.integer();
    if (first < 0) return -1;
    let final = first;
    if (digits.position < digits.end && bytes[digits.position] === HYPHEN) {
      digits.position++;
      final = digits.integer();
    }
    if (final < first || final > MAX_CPUS) return -1;
    cpus += final - first + 1;
    if (digits.position >= digits.end || bytes[digits.position] !== COMMA) return cpus;
    digits.position++;
  }
}

const SLASH = 47;
/** Tasks come and go between the two readings. */
const TWICE = 2;
const FEW = 16;

/**
 * Detects whether the load shown by lxcfs is that of this container, which needs `lxcfs -l`, or that of the machine: it
 * compares the number of tasks in `/proc/loadavg` with that of the container.
 */
export class LoadScope {
  #tasks: KeptFile;
  #scratch: Scratch;
  #digits = new Digits();

  constructor(root: string, scratch: Scratch) {
    this.#tasks = new KeptFile(`${root}/sys/fs/cgroup/pids.current`, scratch, { oneGo: true });
    this.#scratch = scratch;
  }

  /** Returns whether `/proc/loadavg`, in the scratch buffer, is of this container. Overwrites the buffer. */
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
