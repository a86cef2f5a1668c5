import { join } from 'node:path';
import { FileLock } from '../../memory/file-lock.js';
import { replaceFile } from '../../memory/regular-file.js';
import { isNumber, isObject, isString, listOf, oneOf, orAbsent, orNull, shaped } from '../../base/shape.js';
import type { HelperAct } from './limits.js';
import { expectRootFolder, readRootFileIfThere } from './root-file.js';
import { parseStrictJson } from './strict-json.js';

/** What the helper has done lately, kept where only root can write. */
export interface ActBook {
  /** Throws when it cannot be read: then nothing may be done. */
  read(): readonly HelperAct[];
  /** Replaces it atomically, and resolves when it is safe on disk. */
  write(acts: readonly HelperAct[]): void | Promise<void>;
  /** Keeps a second helper out for as long as this process lives. Rejects when one has it. */
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

/** The book in a file of a folder. A file that is not there is an empty book; one that cannot be used is an error. */
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
      // From here on its files can be used by name.
      expectRootFolder(folder, owner);
      await lock.take();
    },
    release: () => lock.release(),
  };
}
