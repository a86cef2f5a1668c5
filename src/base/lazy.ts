import { closeSync, openSync } from 'node:fs';
import { messageOf } from './errors.js';

/** Files that one module of this library opens at once, with everything that it imports: 16 at most, and some to spare. */
const FILES = 32;

/**
 * Loads a module when it is first needed, and keeps it. A failed load is tried again with the next call.
 *
 * Node keeps the failure of an `import()` for as long as the process lives, so a module that once met the limit of open
 * files could never be loaded again. Therefore nothing is imported before `files` descriptors are known to be free.
 */
export function lazy<T>(load: () => Promise<T>, files = FILES): () => Promise<T> {
  let loading: Promise<T> | undefined;
  const loadNow = async (): Promise<T> => {
    expectFreeDescriptors(files);
    return load();
  };
  return () =>
    (loading ??= loadNow().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
}

/** Throws when fewer than `count` files can be opened now. Windows has no such limit. */
function expectFreeDescriptors(count: number): void {
  if (process.platform === 'win32') return;
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(openSync('/dev/null', 'r'));
  } catch (error) {
    const found = `only ${opened.length} of the ${count} file descriptors that are needed are free`;
    throw new Error(`A module was not loaded: ${found}: ${messageOf(error)}`, { cause: error });
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}
