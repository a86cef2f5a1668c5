import type { ComponentVerdict } from '../model/issue.js';
import { isPending } from '../base/pending.js';

/** Tolerance for a cycle that comes early, as a share of the time. */
const EARLY = 0.9;

/** Keeps the last verdict of a check until the check is due again. */
export class Due {
  readonly #everyMs: number;
  #ranAt = -Infinity;
  #last: ComponentVerdict | undefined;

  /** @param everySeconds Least time between two runs, in seconds. */
  constructor(everySeconds: number) {
    this.#everyMs = everySeconds * 1_000;
  }

  /** Returns the last verdict while the check is not due at this steady time, in milliseconds. */
  lastAt(now: number): ComponentVerdict | undefined {
    return now - this.#ranAt < this.#everyMs * EARLY ? this.#last : undefined;
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
    this.#last = Object.freeze({ ...verdict, repeated: true });
    return verdict;
  }
}
