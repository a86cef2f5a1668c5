import { setMaxListeners } from 'node:events';

/** Ends much at once: each call, and each call over a bus, listens for it. That is many, and no leak. */
export function sharedAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/**
 * Works until it is done or any of the signals is aborted. `AbortSignal.any` would do, but on Node 20 a signal that
 * lives long remembers every signal that was derived from it.
 */
export async function until<T>(
  signals: readonly (AbortSignal | undefined)[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = sharedAbortController();
  const given = signals.filter((one) => one !== undefined);
  const ends = given.map((one) => ({ one, abort: () => controller.abort(one.reason) }));
  for (const { one, abort } of ends) {
    if (one.aborted) abort();
    one.addEventListener('abort', abort, { once: true });
  }
  try {
    return await work(controller.signal);
  } finally {
    for (const { one, abort } of ends) one.removeEventListener('abort', abort);
  }
}
