import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const LARGEST = 1024 * 1024;

/**
 * Reads a file that nobody but its owner can have written: it, each folder above it, and where links lead must belong to
 * that user or to root, and must not be writable by group or others. In a folder with the sticky bit others cannot
 * replace what is not theirs. Throws when it is not so.
 *
 * @param owner Numeric id of the user it must belong to. Default root.
 */
export function readRootFile(path: string, owner = 0): Uint8Array {
  const real = realpathSync(path);
  const places = new Set([...above(path), real, ...above(real)]);
  for (const place of places) {
    const { uid, mode, size } = statSync(place);
    if (uid !== owner && uid !== 0)
      throw new Error(`${place} belongs to the user with uid ${uid}, not to root`);
    const safe = (mode & WRITABLE_BY_OTHERS) === 0 || (place !== real && (mode & STICKY) !== 0);
    if (!safe)
      throw new Error(`${place} can be written by others than root (mode ${(mode & 0o7777).toString(8)})`);
    if (place === real && size > LARGEST) throw new Error(`${place} is larger than ${LARGEST} bytes`);
  }
  return readFileSync(real);
}

/** The folders above a path, up to the root. */
function above(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...above(folder)];
}
