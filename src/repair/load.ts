import { actionRegistry } from '../actions/registry.js';
import { messageOf } from '../base/errors.js';
import { loadBounds } from '../memory/ledger.js';
import { lazy } from '../base/lazy.js';

/** Loads the repairs on first use. */
export const repairs = lazy(() =>
  import('./index.js').catch((error: unknown) => {
    const words = `The repairs could not be loaded, so nothing is repaired: ${messageOf(error)}`;
    throw new Error(words, { cause: error });
  }),
);

/**
 * Loads everything that a first repair needs. Monitoring does so early: later there may be no free file descriptor.
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
