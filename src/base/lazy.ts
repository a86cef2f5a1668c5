import { closeSync, openSync } from 'node:fs';
import { messageOf } from './errors.js';

/** File descriptors to require: loading a module with its imports opens up to 16 at once. */
const FILES = 32;

/**
 * Returns a function that loads a module on first use and caches it. A failed load is retried with the next call.
 *
 * Node caches a failed `import()` for the life of the process, so a module that failed on the limit of open files could
 * never be loaded again. Hence the check that `files` descriptors are free before the import.
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

/** Throws when fewer than `count` file descriptors are free. Does nothing on Windows, which has no such limit. */
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
