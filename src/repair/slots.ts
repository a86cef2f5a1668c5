type Scope = 'host' | 'process';

/** Lets one host action and one process action be under way at a time; the others wait in line. */
export class Lanes {
  readonly #ends: Record<Scope, Promise<unknown>> = { host: Promise.resolve(), process: Promise.resolve() };

  /** Does the work when its turn comes. */
  take<T>(scope: Scope, work: () => Promise<T>): Promise<T> {
    const turn = this.#ends[scope].then(work);
    this.#ends[scope] = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(Object.values(this.#ends));
  }
}
