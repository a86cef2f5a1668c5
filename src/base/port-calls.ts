import type { Clock } from './clock.js';
import { SelfHealingError } from './errors.js';
import { isPending } from './pending.js';
import { span } from './format.js';
import { within } from './within.js';

/** A port is called again while so many of its calls hang beyond their deadlines; more would pile up for ever. */
const MOST_HANGING = 8;

/** By what the calls of a port are bounded. */
export interface PortLimits {
  readonly clock: Clock;
  /** Ends the waiting early. */
  readonly signal?: AbortSignal | undefined;
  readonly mostHanging?: number | undefined;
}

/** The calls of one port: each has a deadline, and while too many hang beyond theirs no other call is made. */
export class PortCalls {
  readonly #limits: PortLimits;
  #hanging = 0;

  constructor(limits: PortLimits) {
    this.#limits = limits;
  }

  /** Whether so many calls hang that no other is made. */
  get isStuck(): boolean {
    return this.#hanging >= (this.#limits.mostHanging ?? MOST_HANGING);
  }

  /**
   * Makes a call. Answers at once where the port does; throws or rejects with what the port does, or at the deadline.
   * A limit that is a function may grow while the call goes on.
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
      const late = new SelfHealingError('timeout', `${what} did not answer within ${span(waited + ms)}`);
      try {
        return await within({ ms, clock, signal, late }, () => ended);
      } catch (error) {
        if (error !== late) throw error;
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
