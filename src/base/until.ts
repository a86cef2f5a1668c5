import { setMaxListeners } from 'node:events';

/** Returns a controller without listener warning: every pending call listens to its signal. */
export function sharedAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/**
 * Runs work with a signal that is aborted when any of the signals is. Not `AbortSignal.any`: on Node 20 a long-lived
 * signal keeps every signal derived from it.
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
