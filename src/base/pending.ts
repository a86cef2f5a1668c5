/** Whether an answer has to be waited for. A promise may come from another realm, or from a library of its own. */
export const isPending = <T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> =>
  typeof (answer as Partial<PromiseLike<T>> | null | undefined)?.then === 'function';

/**
 * Owns what a callback of the host program returned and nobody waits for: a rejection is reported, and never ends the
 * process. Never throws.
 */
export function owned(value: unknown, report: (error: unknown) => void): void {
  try {
    if (isPending(value)) Promise.resolve(value).then(undefined, report);
  } catch (error) {
    report(error);
  }
}

/** Calls a callback of the host program and owns whatever it throws, returns or rejects with. Never throws. */
export function callOwned(callback: () => unknown, report: (error: unknown) => void): void {
  try {
    owned(callback(), report);
  } catch (error) {
    report(error);
  }
}
