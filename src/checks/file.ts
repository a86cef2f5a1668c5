import { open } from 'node:fs/promises';
import type { Check } from '../detect/check.js';
import { messageOf } from '../base/errors.js';
import type { Verdict } from '../model/issue.js';
import { bytes } from '../base/format.js';
import { CONTENT_KEYS, expectContent, looksInside, type ContentOptions } from './content.js';
import { digestOf } from './digest.js';
import { CannotTell, verdictOfFailure, WrongAnswer } from './failure.js';
import { ageOf, expectFacts, Growth, PATH_KEYS, statOf, type PathOptions } from './file-facts.js';
import { digest } from './http-options.js';
import { inOrder, judgeLimits } from './limits.js';
import { bad, expectOptions, makeCheck, ok, type CommonOptions } from './make.js';
import { expectWritable } from './read-only.js';
import { boolean, number, type CheckRule } from './rules.js';

/** What {@link file} is given. */
export interface FileOptions extends CommonOptions, PathOptions, ContentOptions {
  /** Least size, in bytes. */
  readonly minBytes?: number;
  /** Greatest size, in bytes. */
  readonly maxBytes?: number;
  /** SHA-256 of its content, in hex. */
  readonly sha256?: string;
  /** Whether its content must stay what it was in the first run. Default `false`. */
  readonly unchanged?: boolean;
  /** Whether only what was appended since the run before is searched, as in a log. Default `false`. */
  readonly onlyNew?: boolean;
}

/** Rule of the options of {@link file}. */
export const FILE_RULE: CheckRule = {
  keys: {
    ...PATH_KEYS,
    ...CONTENT_KEYS,
    minBytes: number(0, Number.MAX_SAFE_INTEGER),
    maxBytes: number(0, Number.MAX_SAFE_INTEGER),
    sha256: digest,
    ...{ unchanged: boolean, onlyNew: boolean },
  },
  needs: ['path'],
  together: inOrder([
    ['minBytes', 'maxBytes'],
    ['minAgeSeconds', 'maxAgeSeconds'],
  ]),
};

/** Most bytes of a file that are searched, from its end. */
const SEARCHED_BYTES = 1024 * 1024;
const HASHED_BYTES = 64 * 1024 * 1024;

/**
 * Makes a check of a file: it is there, fresh, of the right size, mode, owner and content. What may not be read is
 * unknown. Of its content the last 1 MiB is searched.
 *
 * @example
 * ```js
 * import { file } from '@luminous-nix/self-healing/checks';
 *
 * const log = file({ path: '/var/log/app.log', lacks: 'OutOfMemoryError', onlyNew: true, heals: 'app' });
 * ```
 */
export function file(options: FileOptions): Check {
  expectOptions('file', FILE_RULE, options);
  const what = `file:${options.path}`;
  const memory: Memory = { growth: new Growth() };
  return makeCheck(options, {
    ...{ name: what, type: 'resource' },
    run: async () => judge(what, options, memory).catch((error: unknown) => verdictOfFailure(what, error)),
  });
}

/** What is kept between two runs. */
interface Memory {
  readonly growth: Growth;
  digest?: string;
  searchedTo?: number;
}

async function judge(what: string, options: FileOptions, memory: Memory): Promise<Verdict> {
  const { exists = true, minBytes, maxBytes } = options;
  const stats = await statOf(options.path);
  if (stats === undefined) return exists ? bad(`${what} is not there`) : ok(`${what} is not there`);
  if (!exists) return bad(`${what} is there`);
  if (!stats.isFile()) return bad(`${what} is not a file`);
  expectFacts(stats, options);
  if (options.writable) await expectWritable(options.path);
  if (options.sha256 !== undefined || options.unchanged) await expectSame(options, stats.size, memory);
  const { size } = stats;
  if (looksInside(options)) await search(options, size, memory);
  return judgeLimits(
    [
      ageOf(what, stats.mtimeMs, options),
      { what: `size of ${what}`, value: size, min: minBytes, max: maxBytes, show: bytes },
      memory.growth.measure(what, size, options.maxGrowthBytesPerHour),
    ],
    `${what} is there, ${bytes(size)}`,
  );
}

async function search(options: FileOptions, size: number, memory: Memory): Promise<void> {
  const before = memory.searchedTo ?? (options.onlyNew ? size : 0);
  // A file that is shorter than before is another one.
  const from = options.onlyNew
    ? Math.max(before <= size ? before : 0, size - SEARCHED_BYTES)
    : size - SEARCHED_BYTES;
  const text = await readFrom(options.path, Math.max(0, from), SEARCHED_BYTES);
  memory.searchedTo = size;
  expectContent(text.toString('utf8'), options, options.onlyNew ? 'its new lines' : 'it');
}

async function expectSame(
  { path, sha256, unchanged }: FileOptions,
  size: number,
  memory: Memory,
): Promise<void> {
  if (size > HASHED_BYTES)
    throw new CannotTell(`it has ${bytes(size)}, and at most ${bytes(HASHED_BYTES)} are compared`);
  const got = digestOf(await readFrom(path, 0, HASHED_BYTES));
  if (sha256 !== undefined && got !== sha256.toLowerCase())
    throw new WrongAnswer(`has the SHA-256 ${got.slice(0, 12)}…`);
  memory.digest ??= got;
  if (unchanged && memory.digest !== got) throw new WrongAnswer('has changed since the first run');
}

async function readFrom(path: string, from: number, most: number): Promise<Buffer> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const buffer = Buffer.alloc(Math.max(0, Math.min(most, size - from)));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new CannotTell(messageOf(error));
  }
}
