import type { SelfHealingError } from './errors.js';

const HOUR_MS = 3_600_000;

/** Keeps the process alive until work has ended: deadlines do not, and a port that hangs may not either. */
export function aliveDuring<T>(work: Promise<T>): Promise<T> {
  const alive = setInterval(() => undefined, HOUR_MS);
  return work.finally(() => clearInterval(alive));
}

/** The calls that the host program waits for. The process lives until they have settled, or are given up. */
export class Calls {
  readonly #ends = new Set<(reason: SelfHealingError) => void>();

  /** Waits for work, until it is given up. */
  wait<T>(work: Promise<T>): Promise<T> {
    let end: (reason: SelfHealingError) => void;
    const either = new Promise<T>((resolve, reject) => {
      end = reject;
      this.#ends.add(end);
      work.then(resolve, reject);
    });
    return aliveDuring(either).finally(() => this.#ends.delete(end));
  }

  /** Gives up all that is waited for: it rejects with this reason. */
  giveUp(reason: SelfHealingError): void {
    for (const end of this.#ends) end(reason);
  }
}
