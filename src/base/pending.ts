/** Returns whether a value is thenable. `instanceof Promise` fails for promises of other realms and libraries. */
export const isPending = <T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> =>
  typeof (answer as Partial<PromiseLike<T>> | null | undefined)?.then === 'function';

/** Reports the rejection of a returned value that is not awaited, which would end the process. Never throws. */
export function owned(value: unknown, report: (error: unknown) => void): void {
  try {
    if (isPending(value)) Promise.resolve(value).then(undefined, report);
  } catch (error) {
    report(error);
  }
}

/** Calls a callback of the host program; reports what it throws or rejects with. Never throws. */
export function callOwned(callback: () => unknown, report: (error: unknown) => void): void {
  try {
    owned(callback(), report);
  } catch (error) {
    report(error);
  }
}
