import { messageOf } from '../errors.js';
import { lazy } from '../lazy.js';

/** What repairs takes, loaded when there is something to repair. */
export const repairs = lazy(() =>
  import('./index.js').catch((error: unknown) => {
    const words = `What repairs takes could not be loaded, so nothing is repaired: ${messageOf(error)}`;
    throw new Error(words, { cause: error });
  }),
);
