import { messageOf } from '../../base/errors.js';
import type { Generations } from '../../memory/generations.js';
import { parseState } from '../../memory/parse-state.js';
import { unknown, type Reading } from '../../model/reading.js';
import { readForeignFile } from './root-file.js';

/** Far more than an engine ever remembers, in bytes. */
const LARGEST = 4 * 1024 * 1024;

/**
 * Reads what an engine has on record of the systems of this host. It is written by an unprivileged process, so no link
 * of another than root is followed, nothing is waited for, and nothing of a file that is no record is ever told. Never throws.
 */
export function readRecord(path: string): Reading<Generations> {
  const unusable = (why: string) => unknown(`the record ${path} cannot be used: ${why}`);
  let text: string;
  try {
    text = Buffer.from(readForeignFile(path, LARGEST)).toString('utf8');
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
