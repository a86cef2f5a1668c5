import { unknown, type Reading, type Writable } from '../../model/reading.js';
import type { CpuReading } from '../../model/snapshot.js';
import { ascii, Digits } from './digits.js';
import { percentOf } from './percent.js';

/** How many counters of the aggregate line count: user nice system idle iowait irq softirq steal. */
export const CPU_COUNTERS = 8;
const IDLE = 3;
const IOWAIT = 4;
const STEAL = 7;
/** Kernel 2.4 had these four; everything has them. */
const FEWEST_COUNTERS = 4;

/** The shortest time a CPU percentage is computed over, in milliseconds. A counter moves once in 10 ms. */
export const CPU_WINDOW_MS = 100;

/** The kernel tells its counters in hundredths of a second, whatever its own clock (USER_HZ, proc(5)). */
const TICKS_PER_MS = 1 / 10;

const FIRST = Object.freeze(unknown('CPU use needs two readings, and this is the first'));
const TOO_SOON = Object.freeze(unknown(`CPU use needs two readings at least ${CPU_WINDOW_MS} ms apart`));
const STEPPED_BACK = Object.freeze(unknown('a CPU counter of the kernel went back between two readings'));
const LEAPT = Object.freeze(unknown('the CPU counters moved by more than the time that passed'));
const STANDSTILL = Object.freeze(unknown('the CPU counters did not move between two readings'));

const CPU = ascii('cpu');
const SPACE = 32;
const ZERO = 48;
const NINE = 57;
const digits = new Digits();

/**
 * Reads `/proc/stat`: the counters of the line `cpu` go into `counters`, absent ones as 0. What follows
 * `steal` is guest time, which the kernel has already counted as user time.
 *
 * @returns whether the text was understood
 */
export function parseCpuTimes(bytes: Uint8Array, length: number, counters: Float64Array): boolean {
  digits.over(bytes, length);
  if (!digits.skip(CPU) || bytes[digits.position] !== SPACE) return false;
  counters.fill(0);
  for (let i = 0; i < CPU_COUNTERS; i++) {
    const value = digits.integer();
    if (value < 0) {
      if (i < FEWEST_COUNTERS) return false;
      break;
    }
    counters[i] = value;
  }
  return true;
}

/** Counts the CPUs that are online in the text of `/proc/stat` (lines `cpuN`); −1 where there is none. */
export function countCpus(bytes: Uint8Array, length: number): number {
  digits.over(bytes, length);
  let cpus = 0;
  while (digits.nextLine() && digits.skip(CPU)) {
    const next = digits.position < digits.end ? bytes[digits.position]! : 0;
    if (next >= ZERO && next <= NINE) cpus++;
  }
  return cpus > 0 ? cpus : -1;
}

/** A place for a reading. */
export const noCpu = (): Writable<CpuReading> => ({
  ...{ percent: NaN, cpus: 0, stealPercent: undefined, limitCpus: undefined },
});

/** A place for a reading that is an upper bound. */
export const noBound = (): Writable<CpuReading> => ({ ...noCpu(), atMost: true });

/** CPU use between two readings of the counters, over a window that is never shorter than 100 ms. */
export class CpuWindow {
  /** To be filled with the newest counters before `take`. */
  counters = new Float64Array(CPU_COUNTERS);
  #last = new Float64Array(CPU_COUNTERS);
  #older = new Float64Array(CPU_COUNTERS);
  #lastAt = -Infinity;
  #olderAt = -Infinity;

  /**
   * Compares `counters`, read at `now` (monotonic milliseconds), with the last reading that is at least
   * 100 ms old, and gives the answer in `into`. Two older ones are kept, so that readings in quick succession are
   * answered from fresh counters too.
   */
  take(now: number, cpus: number, into: Writable<CpuReading>): Reading<CpuReading> {
    const far = now - this.#lastAt >= CPU_WINDOW_MS;
    const base = far ? this.#last : this.#older;
    const baseAt = far ? this.#lastAt : this.#olderAt;
    const first = this.#lastAt === -Infinity;
    const answer = first
      ? FIRST
      : baseAt === -Infinity
        ? TOO_SOON
        : this.#compare(base, now - baseAt, cpus, into);
    if (far) this.#rotate(now);
    return answer;
  }

  /** Begins anew. */
  forget(): void {
    this.#lastAt = this.#olderAt = -Infinity;
  }

  /**
   * A counter that goes back by a tick for each CPU is a rounding of the kernel; one that goes back further, or moves by
   * far more than the time that passed, makes a window of which nothing is known.
   */
  #compare(
    base: Float64Array,
    elapsedMs: number,
    cpus: number,
    into: Writable<CpuReading>,
  ): Reading<CpuReading> {
    const { counters } = this;
    let total = 0;
    for (let i = 0; i < CPU_COUNTERS; i++) {
      const moved = counters[i]! - base[i]!;
      if (moved < -cpus) return STEPPED_BACK;
      if (moved > 0) total += moved;
    }
    if (total <= 0) return STANDSTILL;
    // Twice the time, and a window more: a process that had to wait reads its clock before the counters.
    if (total > (2 * elapsedMs + CPU_WINDOW_MS) * TICKS_PER_MS * Math.max(1, cpus)) return LEAPT;
    const idle = movedBy(counters, base, IDLE) + movedBy(counters, base, IOWAIT);
    into.percent = percentOf(total - idle, total);
    const steal = movedBy(counters, base, STEAL);
    into.stealPercent = steal > 0 ? percentOf(steal, total) : undefined;
    into.cpus = cpus;
    into.limitCpus = undefined;
    return into;
  }

  #rotate(now: number): void {
    const free = this.#older;
    this.#older = this.#last;
    this.#olderAt = this.#lastAt;
    this.#last = this.counters;
    this.#lastAt = now;
    this.counters = free;
  }
}

const movedBy = (counters: Float64Array, base: Float64Array, which: number): number =>
  Math.max(0, counters[which]! - base[which]!);
