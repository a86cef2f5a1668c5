/** The end of the year 9999, in milliseconds since the epoch: no wall clock is later. */
export const LATEST = 253_402_300_799_999;
/** Longest name that is kept, in characters: a mount point may be as long as a path. */
export const LONGEST_NAME = 8_192;
/** Longest list and largest map that is kept. */
export const LONGEST_LIST = 10_000;

/** Bounds values of a loaded state, and collects the paths of those that were out of bounds. */
export class Bounds {
  readonly #now: number;
  readonly found: string[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  /** A time that has passed. Any other counts as now, so that what follows from it is neither skipped nor endless. */
  past(at: number, path: string): number {
    return this.isPast(at) ? at : this.#note(path, this.#now);
  }

  isPast(at: number): boolean {
    return at >= 0 && at <= this.#now;
  }

  /** The end of a wait that began at `since`. A wait is at most so long, also one whose end cannot be one. */
  until(at: number, longestMs: number, path: string, since = 0): number {
    const latest = this.#now + longestMs;
    return at >= since && at <= latest ? at : this.#note(path, latest);
  }

  /** A whole number from 0; any other counts as the given one. */
  count(value: number, most: number, otherwise: number, path: string): number {
    return Number.isInteger(value) && value >= 0 && value <= most ? value : this.#note(path, otherwise);
  }

  /** A name or sentence, cut off where it is too long. */
  name<T extends string | null | undefined>(text: T, path: string): T {
    if (typeof text !== 'string' || text.length <= LONGEST_NAME) return text;
    return this.#note(path, text.slice(0, LONGEST_NAME) as T);
  }

  /** The newest entries of a list, each bounded; `undefined` drops one. */
  list<T>(entries: readonly T[], path: string, bound: (entry: T, path: string) => T | undefined): T[] {
    const kept = entries.slice(-LONGEST_LIST);
    if (kept.length < entries.length) this.found.push(path);
    return kept.flatMap((entry, index) => {
      const bounded = bound(entry, `${path}[${index}]`);
      return bounded === undefined ? [] : [bounded];
    });
  }

  /** The last entries of a map, each bounded; `undefined` drops one. Names that are too long belong to nothing, and are dropped. */
  map<T>(
    entries: Readonly<Record<string, T>>,
    path: string,
    bound: (entry: T, path: string) => T | undefined,
  ): Record<string, T> {
    const all = Object.entries(entries);
    if (all.length > LONGEST_LIST) this.found.push(path);
    const kept = all.slice(-LONGEST_LIST).flatMap(([name, entry]) => {
      if (name.length > LONGEST_NAME) return this.#note(path, []);
      const bounded = bound(entry, `${path}.${name}`);
      return bounded === undefined ? [] : [[name, bounded] as const];
    });
    return Object.fromEntries(kept);
  }

  /** Notes that an entry was dropped or changed. */
  note(path: string): undefined {
    this.found.push(path);
    return undefined;
  }

  #note<T>(path: string, value: T): T {
    this.found.push(path);
    return value;
  }
}
