import { resolve } from 'node:path';
import { refusal } from '../expect.js';
import { lazy } from '../lazy.js';
import type { Store } from './store.js';

/**
 * A store in one file, which only its owner may read. It is replaced atomically: a crash leaves the old state or
 * the new one, never half of one. A file that is not a valid state is kept under another name, beside itself, and never deleted.
 *
 * Own code, because the libraries that write atomically (write-file-atomic, atomically) hook the end of the process.
 */
export function fileStore(path: string): Store {
  if (typeof path !== 'string' || path === '') throw refusal('state', 'the path of a file', path);
  const file = resolve(path);
  let isUsed = false;
  const store = lazy(async () => {
    isUsed = true;
    return (await import('./state-file.js')).stateFile(file);
  });
  return {
    path: file,
    load: async (options) => (await store()).load(options),
    save: async (state) => (await store()).save(state),
    close: async () => {
      if (isUsed) await (await store()).close();
    },
  };
}
