import type { SelfHealingError } from './errors.js';

/** Keeps the process alive until the work settles; deadline timers are unreferenced and do not. */
export function aliveDuring<T>(work: Promise<T>): Promise<T> {
  const alive = setInterval(() => undefined, 3_600_000);
  return work.finally(() => clearInterval(alive));
}

/** Calls that the host program awaits. Keeps the process alive until they settle or are given up. */
export class Calls {
  readonly #ends = new Set<(reason: SelfHealingError) => void>();

  wait<T>(work: Promise<T>): Promise<T> {
    let end: (reason: SelfHealingError) => void;
    const either = new Promise<T>((resolve, reject) => {
      end = reject;
      this.#ends.add(end);
      work.then(resolve, reject);
    });
    return aliveDuring(either).finally(() => this.#ends.delete(end));
  }

  /** Rejects every pending call with this reason. */
  giveUp(reason: SelfHealingError): void {
    for (const end of this.#ends) end(reason);
  }
}
