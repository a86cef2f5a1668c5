import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, SelfHealingError } from '../errors.js';
import { FileLock } from './file-lock.js';
import { parseState } from './parse-state.js';
import type { GuardState } from './state.js';
import type { Store } from './store.js';

/** The store in a file that is given by its absolute path. */
export function stateFile(file: string): Required<Omit<Store, 'path'>> {
  const lock = new FileLock(`${file}.lock`);
  let writing: Promise<unknown> = Promise.resolve();

  return {
    async load({ readOnly } = { readOnly: false }) {
      if (!readOnly) {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        // Where there is no room for a lock there is none for a state either: then saving fails, and says so.
        await lock.take().catch((error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        });
      }
      try {
        const text = await read(file);
        return text === undefined ? undefined : parseState(text);
      } catch (error) {
        if (readOnly) {
          throw new SelfHealingError(
            'state-lost',
            `The state in ${file} cannot be used (${messageOf(error)})`,
          );
        }
        const aside = `${file}.unreadable-${Date.now()}`;
        // Linked, not moved: as long as nothing was saved in its place, the next start must find it unusable, too.
        const kept = link(file, aside).catch(() => rename(file, aside));
        const where = await kept.then(
          () => `it was set aside as ${aside}`,
          () => 'it could not be set aside',
        );
        const message = `The state in ${file} cannot be used (${messageOf(error)}); ${where}`;
        throw new SelfHealingError('state-lost', message, { cause: error });
      }
    },

    save(state: GuardState) {
      const text = JSON.stringify(state);
      const write = writing.then(async () => {
        await lock.take();
        await replace(file, text);
      });
      writing = write.catch(() => undefined);
      return write;
    },

    async close() {
      await writing;
      await lock.release();
    },
  };
}

async function read(file: string): Promise<string | undefined> {
  try {
    const { uid } = await stat(file);
    const own = process.getuid?.() ?? uid;
    if (uid !== own && uid !== 0) {
      throw new Error(`it belongs to the user with uid ${uid}`);
    }
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written beside it, flushed, and renamed over it; the folder is flushed so that the renaming lasts, too. */
async function replace(file: string, text: string): Promise<void> {
  const next = `${file}.next`;
  try {
    const handle = await open(next, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true }).catch(() => undefined);
    throw error;
  }
  const folder = await open(dirname(file), 'r');
  await folder.sync().finally(() => folder.close());
}
