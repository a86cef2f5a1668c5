import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Returns the token in a file. A file in the daemon's own state folder is made, with a random token, where it does not
 * exist; any other belongs to somebody else, and its absence is an error. Its group may read it.
 */
export async function tokenFrom(path: string, stateFolder: string | undefined): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const isOurs = stateFolder !== undefined && dirname(resolve(path)) === resolve(stateFolder);
    if (!isOurs || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const token = randomBytes(24).toString('base64url');
  // Complete or not there at all: half a token would be refused for ever.
  const unfinished = `${path}.new`;
  await writeFile(unfinished, `${token}\n`, { mode: 0o600, flush: true });
  await chmod(unfinished, 0o640);
  await rename(unfinished, path);
  return token;
}
