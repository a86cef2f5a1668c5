import type { ComponentVerdict } from '../model/issue.js';
import { isPending } from '../base/pending.js';

/** Tolerance for a cycle that comes early, as a share of the time. */
const EARLY = 0.9;

/** Keeps the last verdict of a check until the check is due again. */
export class Due {
  readonly #everyMs: number;
  /** Time from the last run to the next, in milliseconds. */
  #waitMs: number;
  #ranAt = -Infinity;
  #last: ComponentVerdict | undefined;

  /**
   * @param everySeconds Time between two runs, in seconds.
   * @param firstShare Share of it after which the second run comes, over 0 up to 1. Checks that all ran first in the same
   * cycle differ in it, so that they do not run together ever after.
   */
  constructor(everySeconds: number, firstShare: number) {
    this.#everyMs = everySeconds * 1_000;
    this.#waitMs = this.#everyMs * firstShare;
  }

  /** Returns the last verdict while the check is not due at this steady time, in milliseconds. */
  lastAt(now: number): ComponentVerdict | undefined {
    return now - this.#ranAt < this.#waitMs * EARLY ? this.#last : undefined;
  }

  /** Keeps the verdict of a run that begins now, once it is there. */
  keep(
    verdict: ComponentVerdict | Promise<ComponentVerdict>,
    now: number,
  ): ComponentVerdict | Promise<ComponentVerdict> {
    if (isPending(verdict)) return verdict.then((one) => this.#keep(one, now));
    return this.#keep(verdict, now);
  }

  #keep(verdict: ComponentVerdict, now: number): ComponentVerdict {
    this.#ranAt = now;
    if (this.#last !== undefined) this.#waitMs = this.#everyMs;
    this.#last = Object.freeze({ ...verdict, repeated: true });
    return verdict;
  }
}
