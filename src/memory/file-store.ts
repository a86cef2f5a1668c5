import { resolve } from 'node:path';
import { messageOf, SelfHealingError } from '../base/errors.js';
import { refusal } from '../base/expect.js';
import { lazy } from '../base/lazy.js';
import type { Store } from './store.js';

/**
 * A store in one file, which only its owner may read. It is replaced atomically: a crash leaves the old state or
 * the new one, never half of one. A file that is not a valid state is kept under another name, beside itself, and never deleted.
 *
 * Own code, because the libraries that write atomically (write-file-atomic, atomically) hook the end of the process.
 */
export function fileStore(path: string): Store {
  return fileStoreWith(path, () => performance.now());
}

/** The same, on the monotonic clock by which the heartbeat of another holder gets old. */
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
      // The state is as it was: it is loaded with the next try.
      const message = `The state ${file} cannot be opened now (${messageOf(error)}): this engine only observes until it can`;
      throw new SelfHealingError('locked', message, { cause: error });
    }
  };
  return {
    path: file,
    load: async (options) => (await loaded()).load(options),
    save: async (state) => (await loaded()).save(state),
    close: async () => {
      // What could not be loaded holds nothing.
      if (isUsed) await (await store().catch(() => undefined))?.close();
    },
  };
}
