/** End of the year 9999, in milliseconds since the epoch. */
export const LATEST = 253_402_300_799_999;
/** Longest name, in characters: a mount point may be as long as a path. */
export const LONGEST_NAME = 8_192;
/** Limit of entries in lists and maps. */
export const LONGEST_LIST = 10_000;

/** Bounds values of a loaded state, and collects the paths of those that were out of bounds. */
export class Bounds {
  readonly now: number;
  readonly found: string[] = [];

  constructor(now: number) {
    this.now = now;
  }

  /** Returns a past time unchanged and replaces any other with now. */
  past(at: number, path: string): number {
    return this.isPast(at) ? at : this.note(path, this.now);
  }

  /** Bounds the named times of an entry; `null` stays. */
  times<Name extends string, T extends Readonly<Record<Name, number | null>>>(
    entry: T,
    path: string,
    ...names: readonly Name[]
  ): T {
    const bounded = names.map((name) => {
      const at = entry[name];
      return [name, at === null ? null : this.past(at, `${path}.${name}`)] as const;
    });
    return { ...entry, ...Object.fromEntries(bounded) };
  }

  isPast(at: number): boolean {
    return at >= 0 && at <= this.now;
  }

  /** Returns the end of a wait that began at `since`; an impossible end becomes the longest wait from now. */
  until(at: number, longestMs: number, path: string, since = 0): number {
    const latest = this.now + longestMs;
    return at >= since && at <= latest ? at : this.note(path, latest);
  }

  /** Returns an integer from 0 to `most` unchanged, and `otherwise` for any other value. */
  count(value: number, most: number, otherwise: number, path: string): number {
    return Number.isInteger(value) && value >= 0 && value <= most ? value : this.note(path, otherwise);
  }

  /** Truncates a name or sentence that is too long. */
  name<T extends string | null | undefined>(text: T, path: string): T {
    if (typeof text !== 'string' || text.length <= LONGEST_NAME) return text;
    return this.note(path, text.slice(0, LONGEST_NAME) as T);
  }

  /** Bounds the newest entries of a list; `undefined` drops an entry. */
  list<T>(entries: readonly T[], path: string, bound: (entry: T, path: string) => T | undefined): T[] {
    const kept = entries.slice(-LONGEST_LIST);
    if (kept.length < entries.length) this.found.push(path);
    return kept.flatMap((entry, index) => {
      const bounded = bound(entry, `${path}[${index}]`);
      return bounded === undefined ? [] : [bounded];
    });
  }

  /** Bounds the last entries of a map; `undefined` drops an entry. Entries whose name is too long are dropped. */
  map<T>(
    entries: Readonly<Record<string, T>>,
    path: string,
    bound: (entry: T, path: string) => T | undefined,
  ): Record<string, T> {
    const all = Object.entries(entries);
    if (all.length > LONGEST_LIST) this.found.push(path);
    const kept = all.slice(-LONGEST_LIST).flatMap(([name, entry]) => {
      if (name.length > LONGEST_NAME) return this.note(path, []);
      const bounded = bound(entry, `${path}.${name}`);
      return bounded === undefined ? [] : [[name, bounded] as const];
    });
    return Object.fromEntries(kept);
  }

  /** Notes the path of a changed or dropped entry, and returns what replaces it. */
  note(path: string): undefined;
  note<T>(path: string, value: T): T;
  note(path: string, value?: unknown): unknown {
    this.found.push(path);
    return value;
  }
}
