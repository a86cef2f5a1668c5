import type { Stats } from 'node:fs';
import { access, constants, readFile, stat } from 'node:fs/promises';
import { refusal } from '../base/expect.js';
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

/**
 * Returns what is at a path; `undefined` where nothing is, and must not be. Throws a {@link WrongAnswer} for another kind,
 * mode or owner, and {@link CannotTell} without the right to see it.
 */
export async function statExpected(
  options: PathOptions,
  kind: 'file' | 'directory',
): Promise<Stats | undefined> {
  const { path, exists = true, writable } = options;
  const stats = await stat(path).catch(({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CannotTell(message);
  });
  if (stats === undefined) {
    if (exists) throw new WrongAnswer('is not there');
    return undefined;
  }
  if (!exists) throw new WrongAnswer('is there');
  if (kind === 'file' ? !stats.isFile() : !stats.isDirectory()) throw new WrongAnswer(`is not a ${kind}`);
  expectFacts(stats, options);
  if (writable) await expectWritable(path);
  return stats;
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

/**
 * Throws a {@link WrongAnswer} when a path is on a file system that is read-only by its superblock, and
 * {@link CannotTell} when it is only mounted so: in the sandbox of a service everything is.
 */
export async function expectWritable(path: string, mountinfo = '/proc/self/mountinfo'): Promise<void> {
  const superblock = superblockOf(path, await readFile(mountinfo, 'utf8').catch(() => ''));
  if (superblock?.split(',').some((option) => ['ro', 'emergency_ro', 'shutdown'].includes(option)))
    throw new WrongAnswer('is on a file system that is read-only');
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EROFS') return;
    if (superblock === undefined) throw new WrongAnswer('is on a file system that is read-only');
    throw new CannotTell('it is mounted read-only for this program, and its file system is writable');
  }
}

/** Options of the superblock of the file system that a path is on. */
function superblockOf(path: string, mountinfo: string): string | undefined {
  let best: { readonly length: number; readonly options: string } | undefined;
  for (const line of mountinfo.split('\n')) {
    const [front = '', back = ''] = line.split(' - ');
    const point = (front.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(parseInt(octal, 8)),
    );
    const covers = point === '/' || path === point || path.startsWith(`${point}/`);
    // Of mounts on one point, the last covers the others.
    if (point !== '' && covers && point.length >= (best?.length ?? 0))
      best = { length: point.length, options: back.split(' ')[2] ?? '' };
  }
  return best?.options;
}

/** Seconds since a time in milliseconds since the epoch; 0 for a time to come. */
export const secondsSince = (ms: number): number => Math.max(0, (Date.now() - ms) / 1_000);

/** Age of what was modified at this time, in milliseconds since the epoch. */
export const ageOf = (
  what: string,
  mtimeMs: number,
  { minAgeSeconds: min, maxAgeSeconds: max }: PathOptions,
): Measured => ({ what: `age of ${what}`, value: secondsSince(mtimeMs), min, max, unit: 's' });

/** How much a number grows between two runs. */
export class Growth {
  #before: { readonly at: number; readonly value: number } | undefined;

  /** Growth of a size in bytes per hour. What shrank has grown by nothing. */
  perHour(what: string, size: number, max: number | undefined): Measured {
    const grown = this.#in(3_600_000, size);
    const value = typeof grown === 'number' ? Math.max(0, grown) : grown;
    return { what: `growth of ${what} per hour`, value, max, unit: 'B' };
  }

  /** Growth of a counter a second; a reason when it was set back. */
  perSecond(value: number): number | string {
    const grown = this.#in(1_000, value);
    return typeof grown === 'number' && grown < 0 ? 'its number was set back' : grown;
  }

  /** Growth since the run before, in so many milliseconds; a reason in the first run. */
  #in(ms: number, value: number): number | string {
    const now = performance.now();
    const before = this.#before;
    this.#before = { at: now, value };
    if (before === undefined || now === before.at) return 'it needs two readings';
    return ((value - before.value) * ms) / (now - before.at);
  }
}
