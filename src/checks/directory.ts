import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import type { Check } from '../detect/check.js';
import type { Verdict } from '../model/issue.js';
import { bytes } from '../base/format.js';
import { matchesPattern } from './content.js';
import { CannotTell, cannotTell, judging } from './failure.js';
import { ageOf, Growth, PATH_KEYS, secondsSince, statExpected, type PathOptions } from './file-facts.js';
import { inOrder, judgeLimits } from './limits.js';
import { bad, expectOptions, makeCheck, ok, type CommonOptions } from './make.js';
import { number, pattern, whole, type CheckRule } from './rules.js';

/** Options of {@link directory}. */
export interface DirectoryOptions extends CommonOptions, PathOptions {
  /** A regular expression for the names of the files that count. Default: all of them. */
  readonly match?: string | RegExp;
  /** Least number of files. */
  readonly minFiles?: number;
  /** Greatest number of files, such as of a queue. */
  readonly maxFiles?: number;
  /** Least size of the newest file, in bytes: an empty backup is none. */
  readonly newestMinBytes?: number;
  /** Greatest age of the newest file, in seconds: a backup is stale after that. */
  readonly newestMaxAgeSeconds?: number;
  /** Size of all files together, in bytes. */
  readonly maxBytes?: number;
}

export const DIRECTORY_RULE: CheckRule = {
  keys: {
    ...PATH_KEYS,
    match: pattern,
    minFiles: whole(0, 1e9),
    maxFiles: whole(0, 1e9),
    newestMinBytes: number(0, Number.MAX_SAFE_INTEGER),
    newestMaxAgeSeconds: number(0, 1e10),
    maxBytes: number(0, Number.MAX_SAFE_INTEGER),
  },
  needs: ['path'],
  together: inOrder([
    ['minFiles', 'maxFiles'],
    ['minAgeSeconds', 'maxAgeSeconds'],
  ]),
};

/** Most files that are looked at, below the directory too. */
const MOST_FILES = 100_000;

/**
 * Makes a check of a directory and of the files below it: there, fresh, neither too many nor too large.
 *
 * @example
 * ```js
 * import { directory } from '@luminous-nix/self-healing/checks';
 *
 * const backup = directory({ path: '/var/backup', match: '\\.dump$', newestMaxAgeSeconds: 90_000, newestMinBytes: 1_000 });
 * ```
 */
export function directory(options: DirectoryOptions): Check {
  expectOptions('directory', DIRECTORY_RULE, options);
  const what = `directory:${options.path}`;
  const growth = new Growth();
  return makeCheck(options, {
    ...{ name: what, type: 'resource' },
    run: judging(what, ({ signal }) => judge(what, options, growth, signal)),
  });
}

/** Options for which each file must be read, not only its name. */
const MEASURED = ['newestMinBytes', 'newestMaxAgeSeconds', 'maxBytes', 'maxGrowthBytesPerHour'] as const;
const COUNTED = ['minFiles', 'maxFiles', ...MEASURED] as const;

async function judge(
  what: string,
  options: DirectoryOptions,
  growth: Growth,
  signal: AbortSignal,
): Promise<Verdict> {
  const { newestMinBytes, newestMaxAgeSeconds } = options;
  const stats = await statExpected(options, 'directory');
  if (stats === undefined) return ok(`${what} is not there`);
  const age = ageOf(what, stats.mtimeMs, options);
  if (COUNTED.every((key) => options[key] === undefined)) return judgeLimits([age], `${what} is there`);
  const { newest, count, size } = await filesBelow(options, signal).catch(cannotTell());
  if (newest === undefined && (newestMaxAgeSeconds !== undefined || newestMinBytes !== undefined))
    return bad(
      `${what} has no file${options.match === undefined ? '' : ` that matches ${String(options.match)}`}`,
    );
  const newestAge = newest === undefined ? 0 : secondsSince(newest.mtimeMs);
  return judgeLimits(
    [
      { what: `age of the newest file in ${what}`, value: newestAge, max: newestMaxAgeSeconds, unit: 's' },
      {
        what: `size of the newest file in ${what}`,
        value: newest?.size ?? 0,
        min: newestMinBytes,
        unit: 'B',
      },
      { what: `number of files in ${what}`, value: count, min: options.minFiles, max: options.maxFiles },
      { what: `size of ${what}`, value: size ?? 0, max: options.maxBytes, unit: 'B' },
      growth.perHour(what, size ?? 0, options.maxGrowthBytesPerHour),
      age,
    ],
    `${what} has ${count} files${size === undefined ? '' : `, ${bytes(size)}`}`,
  );
}

/** Facts about the files of a directory. */
interface Found {
  count: number;
  /** `undefined` where only names are read. */
  size: number | undefined;
  newest: { readonly mtimeMs: number; readonly size: number } | undefined;
}

/** Errors of a folder that was removed, or replaced by a file, since its entry was read. */
const GONE = ['ENOENT', 'ENOTDIR'];

/** Number of files that are read at a time. */
const BATCH = 64;

/** Counts the files below a directory, without following links. Rejects when there are too many or one may not be seen. */
async function filesBelow(
  { path: root, match, ...options }: DirectoryOptions,
  signal: AbortSignal,
): Promise<Found> {
  // The number alone takes no read of each file.
  const onlyNames = MEASURED.every((key) => options[key] === undefined);
  const found: Found = { count: 0, size: onlyNames ? undefined : 0, newest: undefined };
  let seen = 0;
  const batch: string[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of await entriesOf(folder, root)) {
      signal.throwIfAborted();
      seen += 1;
      if (seen > MOST_FILES) throw new CannotTell(`it has more than ${MOST_FILES} files`);
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      if (!entry.isFile() || (match !== undefined && !matchesPattern(entry.name, match))) continue;
      if (onlyNames) found.count += 1;
      else if (batch.push(path) >= BATCH) await lookAt(batch.splice(0), found);
    }
  }
  await lookAt(batch, found);
  return found;
}

/** Opens a folder. One below the root that no longer exists is skipped. */
const entriesOf = async (folder: string, root: string): Promise<AsyncIterable<Dirent> | readonly []> =>
  opendir(folder, { bufferSize: 256 }).catch((error: unknown) => {
    if (folder !== root && GONE.includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  });

/** Adds the facts about files. A file that no longer exists is skipped. */
async function lookAt(paths: readonly string[], found: Found): Promise<void> {
  const all = await Promise.all(paths.map(async (path) => stat(path).catch(() => undefined)));
  for (const stats of all) {
    if (stats === undefined) continue;
    found.count += 1;
    found.size = (found.size ?? 0) + stats.size;
    if (found.newest === undefined || stats.mtimeMs > found.newest.mtimeMs) found.newest = stats;
  }
}
