import { unknown, type Reading, type Writable } from '../../model/reading.js';
import type { CpuReading } from '../../model/snapshot.js';
import { ascii, isDigit, type Digits } from './digits.js';
import { percentOf } from './percent.js';

/** Number of counters used of the aggregate line: user nice system idle iowait irq softirq steal. */
export const CPU_COUNTERS = 8;
const IDLE = 3;
const IOWAIT = 4;
const STEAL = 7;
/** The first four exist in every kernel since 2.4. */
const FEWEST_COUNTERS = 4;

/** Shortest window of a CPU percentage, in milliseconds. Counters advance every 10 ms. */
export const CPU_WINDOW_MS = 100;

/** The counters are in hundredths of a second (USER_HZ, proc(5)). */
const TICKS_PER_MS = 1 / 10;

const FIRST = Object.freeze(unknown('CPU usage needs two readings, and this is the first'));
const TOO_SOON = Object.freeze(unknown(`CPU usage needs two readings at least ${CPU_WINDOW_MS} ms apart`));
const STEPPED_BACK = Object.freeze(unknown('a CPU counter of the kernel went back between two readings'));
const LEAPT = Object.freeze(unknown('the CPU counters advanced by more than the time that passed'));
const STANDSTILL = Object.freeze(unknown('the CPU counters did not advance between two readings'));

const ALL_CPUS = ascii('cpu ');
const CPU = ascii('cpu');

/**
 * Parses the counters of the line `cpu`, the first of `/proc/stat`, into `counters`, absent ones as 0. Guest time is left
 * out: the kernel already counts it as user time.
 *
 * @returns `false` if the text could not be parsed
 */
export function parseCpuTimes(text: Digits, counters: Float64Array): boolean {
  if (!text.skip(ALL_CPUS)) return false;
  counters.fill(0);
  for (let i = 0; i < CPU_COUNTERS; i++) {
    const value = text.integer();
    if (value < 0) {
      if (i < FEWEST_COUNTERS) return false;
      break;
    }
    counters[i] = value;
  }
  return true;
}

/** Counts the lines `cpuN` of `/proc/stat`, which follow the first; returns −1 if there is none. */
export function countCpus(text: Digits): number {
  let cpus = 0;
  while (text.nextLine() && text.skip(CPU)) if (isDigit(text.peek())) cpus++;
  return cpus > 0 ? cpus : -1;
}

/** Creates an empty reading to fill. */
export const noCpu = (): Writable<CpuReading> => ({
  ...{ percent: NaN, cpus: 0, stealPercent: undefined, limitCpus: undefined },
});

/** Creates an empty reading to fill with an upper bound. */
export const noBound = (): Writable<CpuReading> => ({ ...noCpu(), atMost: true });

/** CPU usage between two readings of the counters, over a window of at least 100 ms. */
export class CpuWindow {
  /** The caller fills in the newest counters before `take`. */
  counters = new Float64Array(CPU_COUNTERS);
  #last = new Float64Array(CPU_COUNTERS);
  #older = new Float64Array(CPU_COUNTERS);
  #lastAt = -Infinity;
  #olderAt = -Infinity;

  /**
   * Compares `counters`, read at `now` (monotonic milliseconds), with the last reading that is at least 100 ms old, and
   * stores the usage in `into`. Keeps two older readings, so that readings in quick succession have one to compare with.
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

  forget(): void {
    this.#lastAt = this.#olderAt = -Infinity;
  }

  /**
   * Rounding in the kernel may move a counter back by one tick per CPU. A larger step back, or an advance far beyond the
   * elapsed time, makes the window invalid.
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
    // Twice the time plus a window: a process may be preempted between reading its clock and the counters.
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
