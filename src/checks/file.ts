import type { Stats } from 'node:fs';
import type { Check } from '../detect/check.js';
import type { Verdict } from '../model/issue.js';
import { bytes } from '../base/format.js';
import {
  CONTENT_KEYS,
  digest,
  digestOf,
  expectContent,
  looksInside,
  type ContentOptions,
} from './content.js';
import { CannotTell, judging, WrongAnswer } from './failure.js';
import { ageOf, Growth, PATH_KEYS, statExpected, type PathOptions } from './file-facts.js';
import { newFrom, readFrom, wholeLines, type Searched } from './file-read.js';
import { firstNumber, inOrder, judgeLimits, type Measured } from './limits.js';
import { expectOptions, makeCheck, ok, type CommonOptions } from './make.js';
import { boolean, bounds, number, type CheckRule } from './rules.js';

/** Options of {@link file}. */
export interface FileOptions extends CommonOptions, PathOptions, ContentOptions {
  /** Least size, in bytes. */
  readonly minBytes?: number;
  /** Greatest size, in bytes. */
  readonly maxBytes?: number;
  /** SHA-256 of its content, in hex. */
  readonly sha256?: string;
  /** Requires that its content stays as in the first run. Default `false`. */
  readonly unchanged?: boolean;
  /**
   * Whether only the lines that were written since the run before are searched, as in a log, which may be rotated. Default
   * `false`.
   */
  readonly onlyNew?: boolean;
  /** Bounds of a number: the first in it. */
  readonly number?: { readonly min?: number; readonly max?: number };
  /** Bounds of how much that number grows in a second, such as bytes of a network link. Unknown in the first run. */
  readonly perSecond?: { readonly min?: number; readonly max?: number };
}

export const FILE_RULE: CheckRule = {
  keys: {
    ...PATH_KEYS,
    ...CONTENT_KEYS,
    minBytes: number(0, Number.MAX_SAFE_INTEGER),
    maxBytes: number(0, Number.MAX_SAFE_INTEGER),
    sha256: digest,
    ...{ unchanged: boolean, onlyNew: boolean, number: bounds, perSecond: bounds },
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
  const memory: Memory = { growth: new Growth(), rate: new Growth() };
  return makeCheck(options, {
    ...{ name: what, type: 'resource' },
    run: judging(what, () => judge(what, options, memory)),
  });
}

/** State between two runs. */
interface Memory {
  readonly growth: Growth;
  readonly rate: Growth;
  digest?: string;
  searched?: Searched;
}

async function judge(what: string, options: FileOptions, memory: Memory): Promise<Verdict> {
  const stats = await statExpected(options, 'file');
  if (stats === undefined) return ok(`${what} is not there`);
  const { size } = stats;
  if (options.sha256 !== undefined || options.unchanged) await expectSame(options, size, memory);
  if (looksInside(options)) await search(options, stats, memory);
  return judgeLimits(
    [
      ...(await numbersIn(what, options, memory)),
      ageOf(what, stats.mtimeMs, options),
      { what: `size of ${what}`, value: size, min: options.minBytes, max: options.maxBytes, unit: 'B' },
      memory.growth.perHour(what, size, options.maxGrowthBytesPerHour),
    ],
    `${what} is there, ${bytes(size)}`,
  );
}

/** The number in a file, and how fast it grows, where that is asked for. */
async function numbersIn(what: string, options: FileOptions, { rate }: Memory): Promise<Measured[]> {
  const { path, number: own, perSecond } = options;
  if (own === undefined && perSecond === undefined) return [];
  const value = firstNumber((await readFrom(path, 0, SEARCHED_BYTES)).toString('utf8'));
  if (value === undefined) throw new CannotTell('there is no number in it');
  return [
    { what: `growth of ${what} a second`, value: rate.perSecond(value), ...perSecond, show: oneDecimal },
    { what: `number in ${what}`, value, ...own },
  ];
}

const oneDecimal = (value: number): string => value.toFixed(1);

async function search(options: FileOptions, stats: Stats, memory: Memory): Promise<void> {
  const { path, onlyNew } = options;
  if (!onlyNew) {
    const text = await readFrom(path, Math.max(0, stats.size - SEARCHED_BYTES), SEARCHED_BYTES);
    return expectContent(text.toString('utf8'), options, 'it');
  }
  const from = Math.max(newFrom(stats, memory.searched), stats.size - SEARCHED_BYTES);
  const read = await readFrom(path, from, SEARCHED_BYTES);
  // A line without an end that fills all of it is no line of a log.
  const lines = read.length < SEARCHED_BYTES ? wholeLines(read) : read;
  memory.searched = { inode: stats.ino, to: from + lines.length };
  expectContent(lines.toString('utf8'), options, 'its new lines');
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
