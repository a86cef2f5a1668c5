import type { Clock } from './clock.js';
import { SelfHealingError } from './errors.js';
import { isPending } from './pending.js';
import { span } from './format.js';
import { within } from './within.js';

/** Calls of a port that may be past their deadlines before no further call is made. */
const MOST_HANGING = 8;

export interface PortLimits {
  readonly clock: Clock;
  /** Cancels the wait. */
  readonly signal?: AbortSignal | undefined;
  readonly mostHanging?: number | undefined;
}

/** Calls of one port, each with a deadline. No further call is made while too many are past theirs. */
export class PortCalls {
  readonly #limits: PortLimits;
  #hanging = 0;

  constructor(limits: PortLimits) {
    this.#limits = limits;
  }

  /** `true` while so many calls hang that no further one is made. */
  get isStuck(): boolean {
    return this.#hanging >= (this.#limits.mostHanging ?? MOST_HANGING);
  }

  /**
   * Makes a call. Returns synchronously if the port does; throws or rejects with the port's error, or at the deadline.
   * A limit given as a function may grow during the call.
   */
  make<T>(what: string, limitMs: number | (() => number), call: () => T | PromiseLike<T>): T | Promise<T> {
    if (this.isStuck)
      throw new SelfHealingError(
        'timeout',
        `${what} has not answered an earlier call: it is not called again`,
      );
    const answer = call();
    if (!isPending(answer)) return answer;
    return this.#inTime(what, typeof limitMs === 'number' ? () => limitMs : limitMs, answer);
  }

  async #inTime<T>(what: string, limitMs: () => number, answer: PromiseLike<T>): Promise<T> {
    const { clock, signal } = this.#limits;
    const ended = Promise.resolve(answer);
    let waited = 0;
    for (;;) {
      const ms = limitMs() - waited;
      // Created at the deadline only: the stack of an error costs more than the call.
      let late: SelfHealingError | undefined;
      const isLate = (): SelfHealingError =>
        (late = new SelfHealingError('timeout', `${what} did not answer within ${span(waited + ms)}`));
      try {
        return await within({ ms, clock, signal, late: isLate }, () => ended);
      } catch (error) {
        if (late === undefined || error !== late) throw error;
      }
      waited += ms;
      if (limitMs() > waited) continue;
      this.#hanging += 1;
      const free = (): void => void (this.#hanging -= 1);
      ended.then(free, free);
      throw late;
    }
  }
}
