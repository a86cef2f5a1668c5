import type { History, ReadingView, Series } from './view.js';

const HOUR_MS = 3_600_000;
/** Time between two points, in milliseconds. */
export const STEP_MS = 5_000;
/** Limit of curves: names that change with every cycle must not fill the memory. */
export const CURVES = 64;

/** A reading over the last hour. */
export interface Curve {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly threshold: number | null;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

/** Keeps the last hour of all measured readings, on the server and in the page. */
export class Hour {
  #times: number[] = [];
  readonly #series = new Map<string, { about: Omit<Series, 'values'>; values: (number | null)[] }>();

  /** Replaces everything by the history of the server. */
  begin({ times, series }: History): void {
    this.#times = [...times];
    this.#series.clear();
    for (const { values, ...about } of series) this.#series.set(about.key, { about, values: [...values] });
  }

  read(): History {
    return {
      times: this.#times,
      series: [...this.#series.values()].map(({ about, values }) => ({
        ...about,
        values: values.map(rounded),
      })),
    };
  }

  /** Adds readings. Of several within one step the highest is kept. A clock that was set back clears the history. */
  add(at: number, readings: readonly ReadingView[]): void {
    const last = this.#times.at(-1);
    if (last !== undefined && at < last) {
      if (last - at < STEP_MS) return;
      this.begin({ times: [], series: [] });
    }
    const same = last !== undefined && Math.floor(last / STEP_MS) === Math.floor(at / STEP_MS);
    if (!same) this.#times.push(at);
    const length = this.#times.length;
    // Bad ones first: they get a curve where there is not room for all.
    for (const reading of readings) if (reading.status === 'bad') this.#put(reading, length);
    for (const reading of readings) if (reading.status !== 'bad') this.#put(reading, length);
    for (const { values } of this.#series.values()) if (values.length < length) values.push(null);
    while ((this.#times[0] ?? at) < at - HOUR_MS) {
      this.#times.shift();
      for (const { values } of this.#series.values()) values.shift();
    }
    for (const [key, { values }] of this.#series) {
      if (values.every((value) => value === null)) this.#series.delete(key);
    }
  }

  /** Returns the curve of a reading; `undefined` without one. */
  of(key: string): Curve | undefined {
    const found = this.#series.get(key);
    return found && { ...found.about, times: this.#times, values: found.values };
  }

  #put({ key, label, unit, threshold, value, status }: ReadingView, length: number): void {
    if (value === null || threshold === null) return;
    if (!this.#series.has(key) && this.#series.size >= CURVES && !(status === 'bad' && this.#makeRoom()))
      return;
    const about = { key, label, unit, threshold };
    const values = this.#series.get(key)?.values ?? Array<null>(length - 1).fill(null);
    if (values.length < length) values.push(value);
    else values[length - 1] = Math.max(values[length - 1] ?? value, value);
    this.#series.set(key, { about, values });
  }

  /** Drops a curve that is below its threshold. `false` when there is none. */
  #makeRoom(): boolean {
    for (const [key, { about, values }] of this.#series) {
      if ((values.at(-1) ?? 0) > (about.threshold ?? Infinity)) continue;
      return this.#series.delete(key);
    }
    return false;
  }
}

const rounded = (value: number | null): number | null =>
  value === null ? null : Number(value.toPrecision(4));
