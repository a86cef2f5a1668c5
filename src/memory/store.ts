import type { GuardState } from './state.js';

/**
 * The port through which what was done, and what is forbidden for now, outlives a restart.
 *
 * `load` is called once before the first act, and again after it was refused. It gives `undefined` where nothing
 * was ever saved. `readOnly` is for a dry run: nothing may be locked, made or moved. It rejects with a
 * `SelfHealingError` of code `locked` when another engine holds the state, or when the state cannot be opened at the
 * moment (this one then only observes), and with any other error when the state cannot be used (this one is then
 * cautious).
 * `save` resolves when the state is safe: it is what makes an act allowed. It replaces all or nothing.
 */
export interface Store {
  /** The file that it is in, if it is in one. Cleaning its disk needs no room on it. */
  readonly path?: string;
  /** What was saved last. */
  load(options?: { readonly readOnly: boolean }): Promise<GuardState | undefined>;
  /** Saves it, all or nothing; resolved means safe. */
  save(state: GuardState): Promise<void>;
  /** Lets go of what it holds. */
  close?(): void | Promise<void>;
}

/** A store that remembers as long as the process lives. */
export function memoryStore(): Store {
  let kept: GuardState | undefined;
  return {
    load: () => Promise.resolve(kept),
    save(state) {
      kept = state;
      return Promise.resolve();
    },
  };
}
