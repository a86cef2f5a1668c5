import { unknown, type Reading, type Writable } from '../../model/reading.js';
import type { LoadReading } from '../../model/snapshot.js';
import { Digits } from './digits.js';

const HYPHEN = 45;
const COMMA = 44;
const MOST_CPUS = 1_000_000;
const digits = new Digits();
const averages = new Float64Array(3);
const NOT_UNDERSTOOD = Object.freeze(unknown('/proc/loadavg was not understood'));

/** A place for a reading. */
export const noLoad = (): Writable<LoadReading> => ({ one: NaN, five: NaN, fifteen: NaN, cpus: 0 });

/** Reads `/proc/loadavg`, and gives it in `into`. */
export function parseLoad(
  bytes: Uint8Array,
  length: number,
  cpus: number,
  into: Writable<LoadReading> = noLoad(),
): Reading<LoadReading> {
  digits.over(bytes, length);
  for (let i = 0; i < 3; i++) {
    const value = digits.decimal();
    if (value < 0) return NOT_UNDERSTOOD;
    averages[i] = value;
  }
  into.one = averages[0]!;
  into.five = averages[1]!;
  into.fifteen = averages[2]!;
  into.cpus = cpus;
  return into;
}

/**
 * Counts the CPUs in a list such as `0-3,8,10-11` (`/sys/devices/system/cpu/online`). Gives −1 where the text
 * is not understood.
 */
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
    if (final < first || final > MOST_CPUS) return -1;
    cpus += final - first + 1;
    if (digits.position >= digits.end || bytes[digits.position] !== COMMA) return cpus;
    digits.position++;
  }
}
