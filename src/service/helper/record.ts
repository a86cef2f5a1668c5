import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf } from '../../errors.js';
import type { Generations } from '../../guard/generations.js';
import { parseState } from '../../guard/parse-state.js';
import { unknown, type Reading } from '../../host/reading.js';

/** Far more than an engine ever remembers, in bytes. */
const LARGEST = 4 * 1024 * 1024;

/**
 * Reads what an engine has on record of the systems of this host. It is written by an unprivileged process, so no link
 * is followed, nothing is waited for, and nothing of a file that is no record is ever told. Never throws.
 */
export function readRecord(path: string): Reading<Generations> {
  const unusable = (why: string) => unknown(`the record ${path} cannot be used: ${why}`);
  let text: string;
  try {
    text = textOf(path);
  } catch (error) {
    return unusable(messageOf(error));
  }
  try {
    return parseState(text).generations;
  } catch {
    // Why not has words of the file in it, and the file may be another one under a second name.
    return unusable('it is not the state of an engine of this version');
  }
}

function textOf(path: string): string {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if (!fstatSync(handle).isFile()) throw new Error('it is not a regular file');
    // It may grow while it is read: one byte more than may be there is asked for, and no more.
    const bytes = Buffer.alloc(Math.min(fstatSync(handle).size, LARGEST) + 1);
    let length = 0;
    for (;;) {
      const read = readSync(handle, bytes, length, bytes.length - length, null);
      length += read;
      if (read === 0 || length === bytes.length) break;
    }
    if (length > LARGEST) throw new Error(`it is larger than ${LARGEST} bytes`);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(handle);
  }
}
