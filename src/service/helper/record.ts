import { messageOf } from '../../base/errors.js';
import type { Generations } from '../../memory/generations.js';
import { parseState } from '../../memory/parse-state.js';
import { unknown, type Reading } from '../../model/reading.js';
import { readForeignFile } from './root-file.js';

/** Size limit in bytes, far above what an engine writes. */
const LARGEST = 4 * 1024 * 1024;

/**
 * Reads an engine's record of the systems of this host. An unprivileged process writes it, so only links of root are
 * followed, reading never blocks, and the content of any other file is never revealed. Never throws.
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
    // The parser's message quotes the file, which may be a hard link to a secret one.
    return unusable('it is not the state of an engine of this version');
  }
}
