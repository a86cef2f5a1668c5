import { resolve } from 'node:path';
import { refusal } from '../base/expect.js';
import { lazy } from '../base/lazy.js';
import { notNow, type Store } from './store.js';

/**
 * Returns a store in one file that only its owner can read. The file is replaced atomically: a crash leaves the old or
 * the new state. An invalid file is kept beside it under another name.
 *
 * Own code, because write-file-atomic and atomically install exit hooks.
 */
export function fileStore(path: string): Store {
  return fileStoreWith(path, () => performance.now());
}

/** Like {@link fileStore}, with the monotonic clock that measures the age of another holder's heartbeat. */
export function fileStoreWith(path: string, monotonic: () => number): Store {
  if (typeof path !== 'string' || path === '') throw refusal('state', 'the path of a file', path);
  const file = resolve(path);
  let isUsed = false;
  const store = lazy(async () => (await import('./state-file.js')).stateFile(file, monotonic));
  const loaded = async () => {
    isUsed = true;
    try {
      return await store();
    } catch (error) {
      // The state itself is intact, so the next call tries again.
      throw notNow(`${file} cannot be opened`, error);
    }
  };
  return {
    path: file,
    load: async (options) => (await loaded()).load(options),
    save: async (state) => (await loaded()).save(state),
    close: async () => {
      // A module that could not be loaded holds no lock.
      if (isUsed) await (await store().catch(() => undefined))?.close();
    },
  };
}
