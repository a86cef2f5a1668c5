/** How long something took, in milliseconds; all 0 before the first time. */
export interface Timing {
  readonly last: number;
  readonly mean: number;
  readonly max: number;
}

/** How often something took how long. */
export interface Distribution {
  /** Upper ends of the buckets, in milliseconds, ascending; one more bucket, without an end, follows the last. */
  readonly bounds: readonly number[];
  /** How many fell into each bucket; one entry more than `bounds`. */
  readonly counts: readonly number[];
  /** All of it together, in milliseconds. */
  readonly sum: number;
  readonly count: number;
}

/**
 * From 5 µs, a handful of system calls, up to an hour, the longest rebuild. Close together from half a second to ten
 * seconds, where most repairs are: a quantile is interpolated within its bucket.
 */
export const BOUNDS_MS: readonly number[] = Object.freeze([
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 750, 1_000, 1_250, 1_500,
  2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
]);

/** Remembers how long something took. */
export class Stopwatch {
  readonly #counts = new Array<number>(BOUNDS_MS.length + 1).fill(0);
  #count = 0;
  #sum = 0;
  #last = 0;
  #max = 0;

  add(ms: number): void {
    this.#count += 1;
    this.#sum += ms;
    this.#last = ms;
    if (ms > this.#max) this.#max = ms;
    let bucket = 0;
    while (bucket < BOUNDS_MS.length && ms > BOUNDS_MS[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
  }

  read(): Timing {
    return { last: this.#last, mean: this.#count === 0 ? 0 : this.#sum / this.#count, max: this.#max };
  }

  distribution(): Distribution {
    return { bounds: BOUNDS_MS, counts: [...this.#counts], sum: this.#sum, count: this.#count };
  }
}
