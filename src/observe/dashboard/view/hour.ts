import type { History, ReadingView, Series } from './view.js';

const HOUR_MS = 3_600_000;
/** One point for this long. */
export const STEP_MS = 5_000;
/** So many curves at most: a name that changes with every cycle must not fill the memory. */
const CURVES = 64;

/** One thing that is measured, over the last hour. */
export interface Curve {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly threshold: number | null;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

/** Keeps the last hour of what is measured: on the server since it began to listen, in the page as told and since. */
export class Hour {
  #times: number[] = [];
  readonly #series = new Map<string, { about: Omit<Series, 'values'>; values: (number | null)[] }>();

  /** Takes what the server remembers. */
  begin({ times, series }: History): void {
    this.#times = [...times];
    this.#series.clear();
    for (const { values, ...about } of series) this.#series.set(about.key, { about, values: [...values] });
  }

  /** All of it, for a page that opens. */
  read(): History {
    return {
      times: this.#times,
      series: [...this.#series.values()].map(({ about, values }) => ({
        ...about,
        values: values.map(rounded),
      })),
    };
  }

  /** Takes readings. Several within one step are one point: the highest of them. A clock that went back begins anew. */
  add(at: number, readings: readonly ReadingView[]): void {
    const last = this.#times.at(-1);
    if (last !== undefined && at < last) {
      if (last - at < STEP_MS) return;
      this.begin({ times: [], series: [] });
    }
    const same = last !== undefined && Math.floor(last / STEP_MS) === Math.floor(at / STEP_MS);
    if (!same) this.#times.push(at);
    const length = this.#times.length;
    for (const reading of readings) this.#put(reading, length);
    for (const { values } of this.#series.values()) if (values.length < length) values.push(null);
    while ((this.#times[0] ?? at) < at - HOUR_MS) {
      this.#times.shift();
      for (const { values } of this.#series.values()) values.shift();
    }
    for (const [key, { values }] of this.#series) {
      if (values.every((value) => value === null)) this.#series.delete(key);
    }
  }

  /** The curve of a reading, if it has one. */
  of(key: string): Curve | undefined {
    const found = this.#series.get(key);
    return found && { ...found.about, times: this.#times, values: found.values };
  }

  #put({ key, label, unit, threshold, value }: ReadingView, length: number): void {
    if (value === null || threshold === null) return;
    if (!this.#series.has(key) && this.#series.size >= CURVES) return;
    const about = { key, label, unit, threshold };
    const values = this.#series.get(key)?.values ?? Array<null>(length - 1).fill(null);
    if (values.length < length) values.push(value);
    else values[length - 1] = Math.max(values[length - 1] ?? value, value);
    this.#series.set(key, { about, values });
  }
}

const rounded = (value: number | null): number | null =>
  value === null ? null : Number(value.toPrecision(4));
