import { setMaxListeners } from 'node:events';

/**
 * Works until it is done or any of the signals is aborted. `AbortSignal.any` would do, but on Node 20 a signal that
 * lives long remembers every signal that was derived from it.
 */
export async function until<T>(
  signals: readonly (AbortSignal | undefined)[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const given = signals.filter((one) => one !== undefined);
  const ends = given.map((one) => ({ one, abort: () => controller.abort(one.reason) }));
  // Each call over a bus listens for the end: that is many, and no leak.
  setMaxListeners(0, signal);
  for (const { one, abort } of ends) {
    if (one.aborted) abort();
    one.addEventListener('abort', abort, { once: true });
  }
  try {
    return await work(signal);
  } finally {
    for (const { one, abort } of ends) one.removeEventListener('abort', abort);
  }
}
