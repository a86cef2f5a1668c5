import type { Clock } from '../clock.js';
import { SelfHealingError } from '../errors.js';
import { isPending } from '../pending.js';
import { span } from '../words.js';
import { within } from '../within.js';

/** The calls of one port: each has a deadline, and while one hangs beyond its own no other call is made. */
export class PortCalls {
  readonly #clock: Clock;
  /** What the calls that hang were to do. */
  readonly #hanging = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Makes a call. Answers at once where the port does; throws or rejects with what the port does, or at the deadline.
   * A limit that is a function may grow while the call goes on.
   */
  make<T>(what: string, limitMs: number | (() => number), call: () => T | PromiseLike<T>): T | Promise<T> {
    const [hanging] = this.#hanging;
    // What hangs once would be piled up for ever.
    if (hanging !== undefined)
      throw new SelfHealingError(
        'timeout',
        `${hanging} has not answered an earlier call: it is not called again`,
      );
    const answer = call();
    if (!isPending(answer)) return answer;
    return this.#inTime(what, typeof limitMs === 'number' ? () => limitMs : limitMs, answer);
  }

  async #inTime<T>(what: string, limitMs: () => number, answer: PromiseLike<T>): Promise<T> {
    const ended = Promise.resolve(answer);
    let waited = 0;
    for (;;) {
      const ms = limitMs() - waited;
      const late = new SelfHealingError('timeout', `${what} did not answer within ${span(waited + ms)}`);
      try {
        return await within({ ms, clock: this.#clock, late }, () => ended);
      } catch (error) {
        if (error !== late) throw error;
      }
      waited += ms;
      if (limitMs() > waited) continue;
      this.#hanging.add(what);
      const free = (): void => void this.#hanging.delete(what);
      ended.then(free, free);
      throw late;
    }
  }
}
