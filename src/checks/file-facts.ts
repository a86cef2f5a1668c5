import { stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { refusal } from '../base/expect.js';
import { bytes, span } from '../base/format.js';
import { CannotTell, WrongAnswer } from './failure.js';
import type { Measured } from './limits.js';
import { boolean, number, path, whole, type Leaf } from './rules.js';

/** Options that files and directories have in common. */
export interface PathOptions {
  /** Absolute path. */
  readonly path: string;
  /** `true` if it must exist, `false` if it must not. Default `true`. */
  readonly exists?: boolean;
  /** Greatest time since it was last modified, in seconds: stale after that. */
  readonly maxAgeSeconds?: number;
  /** Least time since it was last modified, in seconds. */
  readonly minAgeSeconds?: number;
  /** Its permissions, in octal: `"0640"`. */
  readonly mode?: string;
  /** Number of the user that must own it. */
  readonly uid?: number;
  /** Number of the group that it must belong to. */
  readonly gid?: number;
  /** Requires that its file system is writable. Default `false`: not checked. */
  readonly writable?: boolean;
  /** Growth since the run before, in bytes per hour. Unknown in the first run. */
  readonly maxGrowthBytesPerHour?: number;
}

const mode: Leaf = (name, value) => {
  if (typeof value !== 'string' || !/^[0-7]{3,4}$/.test(value))
    throw refusal(name, 'permissions in octal, such as `"0640"`', value);
};

export const PATH_KEYS: Readonly<Record<keyof PathOptions, Leaf>> = {
  ...{ path, exists: boolean, mode, writable: boolean },
  maxAgeSeconds: number(0, 1e10),
  minAgeSeconds: number(0, 1e10),
  uid: whole(0, 2 ** 32 - 1),
  gid: whole(0, 2 ** 32 - 1),
  maxGrowthBytesPerHour: number(0, Number.MAX_SAFE_INTEGER),
};

/** Returns what is at a path; `undefined` when nothing is. Rejects with {@link CannotTell} without the right to see it. */
export async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CannotTell(message);
  }
}

/** Throws a {@link WrongAnswer} for another mode or owner. */
export function expectFacts(stats: Stats, { mode: wanted, uid, gid }: PathOptions): void {
  const got = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  if (wanted !== undefined && got !== wanted.padStart(4, '0'))
    throw new WrongAnswer(`has the mode ${got}, expected ${wanted}`);
  if (uid !== undefined && stats.uid !== uid)
    throw new WrongAnswer(`belongs to the user ${stats.uid}, expected ${uid}`);
  if (gid !== undefined && stats.gid !== gid)
    throw new WrongAnswer(`belongs to the group ${stats.gid}, expected ${gid}`);
}

const seconds = (value: number): string => span(value * 1_000);

/** Age of what was modified at this time, in milliseconds since the epoch. */
export const ageOf = (
  what: string,
  mtimeMs: number,
  { minAgeSeconds: min, maxAgeSeconds: max }: PathOptions,
): Measured => ({
  ...{
    what: `age of ${what}`,
    value: Math.max(0, (Date.now() - mtimeMs) / 1_000),
    min,
    max,
    show: seconds,
    unit: 's',
  },
});

/** Growth of a size between two runs. */
export class Growth {
  #before: { readonly at: number; readonly size: number } | undefined;

  /** Bytes per hour since the run before; a reason in the first run. What shrank has grown by nothing. */
  measure(what: string, size: number, max: number | undefined): Measured {
    const now = performance.now();
    const before = this.#before;
    this.#before = { at: now, size };
    const hours = (now - (before?.at ?? now)) / 3_600_000;
    const value = hours === 0 ? 'it needs two readings' : Math.max(0, size - before!.size) / hours;
    return { what: `growth of ${what} per hour`, value, max, show: bytes, unit: 'B' };
  }
}

/** How fast a number grows between two runs. */
export class Rate {
  #before: { readonly at: number; readonly value: number } | undefined;

  /** Growth a second since the run before; a reason in the first run, and when the number was set back. */
  perSecond(value: number): number | string {
    const now = performance.now();
    const before = this.#before;
    this.#before = { at: now, value };
    if (before === undefined || now === before.at) return 'it needs two readings';
    if (value < before.value) return 'its number was set back';
    return ((value - before.value) * 1_000) / (now - before.at);
  }
}
