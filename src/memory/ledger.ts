import type { Clock } from '../base/clock.js';
import { isSelfHealingError, messageOf, SelfHealingError } from '../base/errors.js';
import { lazy } from '../base/lazy.js';
import type { Logger } from '../base/logger.js';
import { DEFAULT_GUARDS, type Guards } from '../model/guards.js';
import { EMPTY_STATE, type GuardState } from './state.js';
import type { Store } from './store.js';

/** Loads the bounds of a state, with the first that was saved: an engine that has none needs no bounds. */
export const loadBounds = lazy(() => import('./bound-state.js'));

/** What a ledger is kept with. */
export interface LedgerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bounds of the waits in a loaded state. Default `DEFAULT_GUARDS`. */
  readonly guards?: Guards;
}

/**
 * Keeps the state of the guards: loads it before it is first needed, and writes it down when something happened
 * that must not be forgotten. All changes are pure functions from state to state.
 */
export class Ledger {
  readonly #parts: LedgerOptions;
  #state: GuardState = EMPTY_STATE;
  #origin: number | undefined;
  #lockedBy: string | undefined;
  #opening: Promise<void> | undefined;
  #mode: 'closed' | 'read' | 'held' = 'closed';
  #writing: Promise<void> = Promise.resolve();
  /** Nothing is opened any more from when it is closing, and nothing written from when it is closed. */
  #end: 'closing' | 'closed' | undefined;

  constructor(parts: LedgerOptions) {
    this.#parts = parts;
  }

  get state(): GuardState {
    return this.#state;
  }

  /** The file that holds the state, if there is one. */
  get storePath(): string | undefined {
    return this.#parts.store.path;
  }

  /** Whether what this engine writes down counts. */
  get isHeld(): boolean {
    return this.#mode === 'held';
  }

  /** Why this engine may only observe: another one holds the state. */
  get lockedBy(): string | undefined {
    return this.#lockedBy;
  }

  /**
   * Steady time: begins at the wall clock, or where an earlier run stopped when that is later, and then follows
   * the monotonic clock. So a wall clock that jumps neither ends a backoff early nor prolongs it.
   */
  now(): number {
    return this.at(this.#parts.clock.monotonic());
  }

  /** What steady time was when the monotonic clock stood so. */
  at(monotonic: number): number {
    const { clock } = this.#parts;
    this.#origin ??= clock.now() - clock.monotonic();
    return this.#origin + monotonic;
  }

  /**
   * Loads the state, once; for a dry run without taking it. While another engine holds it, each call tries again. A
   * state that is held stays held: a dry run in between writes nothing, and needs no other.
   */
  async open(readOnly: boolean): Promise<void> {
    while (!this.isOpen(readOnly)) {
      if (this.#end) throw isClosed();
      const tries = (this.#opening ??= this.#load(readOnly).finally(() => (this.#opening = undefined)));
      await tries;
      if (this.#lockedBy !== undefined) return;
    }
  }

  /** Whether there is nothing to wait for in `open`. */
  isOpen(readOnly: boolean): boolean {
    return this.#mode === 'held' || (readOnly && this.#mode === 'read');
  }

  /** Changes the state in memory only: for what may be forgotten by a crash without harm. */
  note(change: (state: GuardState, now: number) => GuardState): void {
    this.#state = change(this.#state, this.now());
  }

  /** Changes the state, and writes it down. Rejects when it could not be written; it is changed in memory all the same. */
  async write(change: (state: GuardState, now: number) => GuardState): Promise<void> {
    this.note(change);
    await this.save();
  }

  /** Writes the state down as it is. */
  save(): Promise<void> {
    if (this.#end === 'closed') return Promise.reject(isClosed());
    const write = this.#writing.then(() => this.#parts.store.save({ ...this.#state, savedAt: this.now() }));
    this.#writing = write.catch((error: unknown) => {
      if (!isSelfHealingError(error) || error.code !== 'locked') return;
      this.#lockedBy = error.message;
      this.#mode = 'read';
    });
    return write;
  }

  /** Writes down what may still be in memory only, and lets go of the store. Safe to call twice. */
  async close(): Promise<void> {
    this.#end ??= 'closing';
    await this.#opening?.catch(() => undefined);
    if (this.#mode === 'held' && this.#end === 'closing') {
      await this.save().catch((error: unknown) => {
        this.#parts.logger.warn(`The state could not be written: ${messageOf(error)}`);
      });
    }
    this.#end = 'closed';
    await this.#parts.store.close?.();
  }

  async #load(readOnly: boolean): Promise<void> {
    const { store, clock, logger } = this.#parts;
    const was = this.#lockedBy;
    this.#lockedBy = undefined;
    try {
      const loaded = await store.load({ readOnly });
      if (loaded !== undefined) {
        const { boundState, outOfBoundsWarning } = await loadBounds().catch(notNow);
        const { state, now, found } = boundState(loaded, this.now(), this.#parts.guards ?? DEFAULT_GUARDS);
        this.#state = { ...state, components: withoutHealth(state.components) };
        this.#origin = now - clock.monotonic();
        if (found.length > 0) logger.warn(outOfBoundsWarning(found));
      }
      if (this.#end) throw isClosed();
      this.#mode = readOnly ? 'read' : 'held';
    } catch (error) {
      const message = messageOf(error);
      const code = isSelfHealingError(error) ? error.code : undefined;
      // What was not read in time may be read in the next cycle: nothing is known to be lost.
      if (code === 'closed' || code === 'timeout') throw error;
      if (code === 'locked') {
        this.#lockedBy = message;
        if (was !== message) logger.warn(message);
        return;
      }
      this.#mode = readOnly ? 'read' : 'held';
      this.#state = { ...EMPTY_STATE, cautious: true };
      // A path that cannot hold a state is one fault, told once; each write says it again to whoever wanted to act.
      if (isSelfHealingError(error) && error.code === 'invalid-argument') {
        logger.error(`${message}. Nothing that needs the state is repaired until it can be written`);
        return;
      }
      logger.error(
        `${message}. What was done before is forgotten, so every repair gets one try only, at first`,
      );
      // The state that was lost is set aside: without this, the next start would find a clean slate.
      if (!readOnly) {
        await this.save().catch((problem: unknown) => {
          logger.warn(`That the state was lost could not be written down: ${messageOf(problem)}`);
        });
      }
    }
  }
}

const isClosed = (): SelfHealingError => new SelfHealingError('closed', 'This engine has been closed');

/** Health counts only while it is watched: what happened between two runs nobody saw. */
const withoutHealth = (components: GuardState['components']): GuardState['components'] =>
  Object.fromEntries(
    Object.entries(components).map(([component, record]) => [component, { ...record, healthySince: null }]),
  );

/** A state that was read and cannot be checked at this moment is neither used nor lost: it is read again later. */
function notNow(error: unknown): never {
  const message = `The state cannot be checked now (${messageOf(error)}): this engine only observes until it can`;
  throw new SelfHealingError('locked', message, { cause: error });
}
