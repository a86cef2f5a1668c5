import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Returns the token in a file. A missing file in the daemon's own state folder is created with a random token, readable
 * by its group; any other missing file is an error.
 */
export async function tokenFrom(path: string, stateFolder: string | undefined): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const isOurs = stateFolder !== undefined && dirname(resolve(path)) === resolve(stateFolder);
    if (!isOurs || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const token = randomBytes(24).toString('base64url');
  // Written atomically: a partial token would be refused forever.
  const unfinished = `${path}.new`;
  await writeFile(unfinished, `${token}\n`, { mode: 0o600, flush: true });
  await chmod(unfinished, 0o640);
  await rename(unfinished, path);
  return token;
}
