import { join } from 'node:path';
import { FileLock } from '../../memory/file-lock.js';
import { replaceFile } from '../../memory/regular-file.js';
import { isNumber, isObject, isString, listOf, oneOf, orAbsent, orNull, shaped } from '../../base/shape.js';
import type { HelperAct } from './limits.js';
import { expectRootFolder, readRootFileIfThere } from './root-file.js';
import { parseStrictJson } from './strict-json.js';

/** Record of the helper's recent acts, in a place that only root can write. */
export interface ActBook {
  /** Throws when it cannot be read; the helper must then not act. */
  read(): readonly HelperAct[];
  /** Replaces it atomically; resolves when it is on disk. */
  write(acts: readonly HelperAct[]): void | Promise<void>;
  /** Locks the book for the life of this process. Rejects when another helper holds the lock. */
  lock(): Promise<void>;
  release(): Promise<void>;
}

const BOOK = shaped({
  version: oneOf(1),
  acts: listOf(
    shaped({
      at: isNumber,
      boot: orAbsent(isString),
      upMs: orAbsent(isNumber),
      action: isString,
      targets: listOf(isString),
      generation: orAbsent(shaped({ from: isString, to: orNull(isString) })),
      undo: orAbsent(oneOf(true)),
      refused: orAbsent(isString),
      approvedBy: orAbsent(isNumber),
    }),
  ),
});

/** Keeps the book in `acts.json` of a folder. A missing file is an empty book; an unusable one is an error. */
export function fileActBook(folder: string, owner = 0): ActBook {
  const file = join(folder, 'acts.json');
  const lock = new FileLock(join(folder, 'lock'));
  return {
    read() {
      const bytes = readRootFileIfThere(file, owner);
      if (bytes === undefined) return [];
      const value = parseStrictJson(bytes);
      if (!BOOK(value) || !isObject(value)) throw new Error('it is not as it was written');
      return value.acts as readonly HelperAct[];
    },
    write: (acts) => replaceFile(file, `${JSON.stringify({ version: 1, acts })}\n`),
    async lock() {
      // Once the folder is trusted, its files can be used by name.
      expectRootFolder(folder, owner);
      await lock.take();
    },
    release: () => lock.release(),
  };
}
