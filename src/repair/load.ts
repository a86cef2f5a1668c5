import { actionRegistry } from '../actions/registry.js';
import { messageOf } from '../errors.js';
import { lazy } from '../lazy.js';

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
    import('../heal/generation-rules.js'),
    import('../execute/host-acts.js'),
  ]);
}, 64);
