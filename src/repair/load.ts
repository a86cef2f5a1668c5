import { actionRegistry } from '../actions/registry.js';
import { messageOf } from '../base/errors.js';
import { loadBounds } from '../memory/ledger.js';
import { lazy } from '../base/lazy.js';

/** Loads the repairs when there is something to repair. */
export const repairs = lazy(() =>
  import('./index.js').catch((error: unknown) => {
    const words = `The repairs could not be loaded, so nothing is repaired: ${messageOf(error)}`;
    throw new Error(words, { cause: error });
  }),
);

/**
 * Loads all that a first repair needs. An engine that monitors does so while nothing is wrong: later there may be no
 * descriptor left to open a file with.
 */
export const preload = lazy(async () => {
  const [action = ''] = actionRegistry().names;
  await Promise.all([
    repairs(),
    actionRegistry().find(action),
    import('../generations/load.js'),
    import('../execute/local-executor.js'),
    loadBounds(),
  ]);
}, 64);
