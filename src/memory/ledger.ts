import type { Clock } from '../base/clock.js';
import { isSelfHealingError, messageOf, SelfHealingError } from '../base/errors.js';
import { lazy } from '../base/lazy.js';
import type { Logger } from '../base/logger.js';
import { DEFAULT_GUARDS, type Guards } from '../model/guards.js';
import { EMPTY_STATE, type GuardState } from './state.js';
import { notNow, type Store } from './store.js';

/** Loads the code that bounds a state; only needed once a state has been saved. */
export const loadBounds = lazy(() => import('./bound-state.js'));

export interface LedgerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bounds of the waits in a loaded state. Default `DEFAULT_GUARDS`. */
  readonly guards?: Guards;
}

/**
 * Holds the durable state: loads it before its first use and saves the changes that must survive a crash. All changes
 * are pure functions from state to state.
 */
export class Ledger {
  readonly #parts: LedgerOptions;
  #state: GuardState = EMPTY_STATE;
  #origin: number | undefined;
  #lockedBy: string | undefined;
  #opening: Promise<void> | undefined;
  #mode: 'closed' | 'read' | 'held' = 'closed';
  #writing: Promise<void> = Promise.resolve();
  /** Set by `close()`: `closing` forbids opening, `closed` also writing. */
  #end: 'closing' | 'closed' | undefined;

  constructor(parts: LedgerOptions) {
    this.#parts = parts;
  }

  get state(): GuardState {
    return this.#state;
  }

  /** File of the state, if there is one. */
  get storePath(): string | undefined {
    return this.#parts.store.path;
  }

  /** `true` if this engine holds the state and may write it. */
  get isHeld(): boolean {
    return this.#mode === 'held';
  }

  /** Why this engine may only observe, while another one holds the state. */
  get lockedBy(): string | undefined {
    return this.#lockedBy;
  }

  /**
   * Steady time: starts at the wall clock, or at the end of the previous run if that is later, then follows the monotonic
   * clock. A jump of the wall clock neither shortens nor prolongs a backoff.
   */
  now(): number {
    return this.at(this.#parts.clock.monotonic());
  }

  /** Converts a monotonic time to steady time. */
  at(monotonic: number): number {
    const { clock } = this.#parts;
    this.#origin ??= clock.now() - clock.monotonic();
    return this.#origin + monotonic;
  }

  /**
   * Loads the state once; a dry run does not lock it. While another engine holds it, each call tries again. A held state
   * stays held during a dry run.
   */
  async open(readOnly: boolean): Promise<void> {
    while (!this.isOpen(readOnly)) {
      if (this.#end) throw isClosed();
      await (this.#opening ??= this.#load(readOnly).finally(() => (this.#opening = undefined)));
      if (this.#lockedBy !== undefined) return;
    }
  }

  /** Returns whether `open` has nothing to do. */
  isOpen(readOnly: boolean): boolean {
    return this.#mode === 'held' || (readOnly && this.#mode === 'read');
  }

  /** Changes the state in memory only, for changes that a crash may lose. */
  note(change: (state: GuardState, now: number) => GuardState): void {
    this.#state = change(this.#state, this.now());
  }

  /** Changes the state and saves it. Rejects if saving fails; the change stays in memory. */
  async write(change: (state: GuardState, now: number) => GuardState): Promise<void> {
    this.note(change);
    await this.save();
  }

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

  /** Saves the state and closes the store. Idempotent. */
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
        const { boundState, outOfBoundsWarning } = await loadBounds().catch((error: unknown) => {
          throw notNow('cannot be checked', error);
        });
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
      // A timeout loses nothing: the next cycle tries again.
      if (code === 'closed' || code === 'timeout') throw error;
      if (code === 'locked') {
        this.#lockedBy = message;
        if (was !== message) logger.warn(message);
        return;
      }
      this.#mode = readOnly ? 'read' : 'held';
      this.#state = { ...EMPTY_STATE, cautious: true };
      // An unusable path is logged once; each save rejects with the same error.
      if (code === 'invalid-argument') {
        logger.error(`${message}. Nothing that needs the state is repaired until it can be written`);
        return;
      }
      logger.error(
        `${message}. What was done before is forgotten, so every repair gets one try only, at first`,
      );
      // The lost file was moved, so without this the next start would begin without caution.
      if (!readOnly) {
        await this.save().catch((problem: unknown) => {
          logger.warn(`That the state was lost could not be written down: ${messageOf(problem)}`);
        });
      }
    }
  }
}

const isClosed = (): SelfHealingError => new SelfHealingError('closed', 'This engine has been closed');

/** Clears the healthy times: the time between two runs was not observed. */
const withoutHealth = (components: GuardState['components']): GuardState['components'] =>
  Object.fromEntries(
    Object.entries(components).map(([component, record]) => [component, { ...record, healthySince: null }]),
  );
