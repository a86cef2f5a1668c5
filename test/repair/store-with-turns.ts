import type { GuardState } from '../../src/memory/state.js';

/** Creates a store whose writes take a turn of the event loop, and fail with the error that `fails` returns. */
export function storeWithTurns(
  state: GuardState,
  fails: () => Error | undefined = () => undefined,
  path?: string,
) {
  const store = {
    ...(path === undefined ? {} : { path }),
    /** State of the last write. */
    kept: state,
    load: () => Promise.resolve(store.kept),
    async save(next: GuardState) {
      await new Promise((done) => setImmediate(done));
      const error = fails();
      if (error) throw error;
      store.kept = next;
    },
  };
  return store;
}
