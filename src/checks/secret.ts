import { readFile } from 'node:fs/promises';
import { messageOf } from '../base/errors.js';
import { CannotTell } from './failure.js';

/** A string, or the file that holds it: read at each run, without the line end. It never appears in a message. */
export type Secret = string | { readonly file: string };

/** Returns the string. Rejects with {@link CannotTell} when its file cannot be read. */
export async function readSecret(secret: Secret): Promise<string> {
  if (typeof secret === 'string') return secret;
  try {
    return (await readFile(secret.file, 'utf8')).trimEnd();
  } catch (error) {
    throw new CannotTell(`the file of a secret cannot be read: ${messageOf(error)}`);
  }
}
