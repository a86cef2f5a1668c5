import { readFile } from 'node:fs/promises';
import { cannotTell } from './failure.js';

/** A string, or the file that holds it: read at each run, without the line end. It never appears in a message. */
export type Secret = string | { readonly file: string };

/** Returns the string. Rejects with `CannotTell` when its file cannot be read. */
export async function readSecret(secret: Secret): Promise<string> {
  if (typeof secret === 'string') return secret;
  const text = await readFile(secret.file, 'utf8').catch(cannotTell('the file of a secret cannot be read: '));
  return text.trimEnd();
}
