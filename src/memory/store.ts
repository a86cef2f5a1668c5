import { messageOf, SelfHealingError } from '../base/errors.js';
import type { GuardState } from './state.js';

/**
 * Port that keeps the state across restarts.
 *
 * `load` is called before the first action, and again after a rejection. It returns `undefined` if nothing was ever
 * saved. With `readOnly`, for a dry run, it must not lock, create or move anything. It rejects with a `SelfHealingError`
 * of code `locked` if another engine holds the state or it cannot be opened now (the engine then only observes), and
 * with any other error if the state is unusable (the engine is then cautious). `save` is atomic, and resolves when the
 * state is durable, which allows the action.
 */
export interface Store {
  /** File of the state, if any: cleaning a full disk does not require saving on that disk. */
  readonly path?: string;
  /** Returns the last saved state. */
  load(options?: { readonly readOnly: boolean }): Promise<GuardState | undefined>;
  /** Saves the state atomically; resolves when it is durable. */
  save(state: GuardState): Promise<void>;
  /** Releases locks and files. */
  close?(): void | Promise<void>;
}

/** Returns a store in memory. */
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

/** Returns the error for a state that cannot be used now, and is tried again later. */
export const notNow = (what: string, error: unknown): SelfHealingError =>
  new SelfHealingError(
    'locked',
    `The state ${what} now (${messageOf(error)}): this engine only observes until it can`,
    { cause: error },
  );
