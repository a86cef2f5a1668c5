/** Whether an answer has to be waited for. A promise may come from another realm, or from a library of its own. */
export const isPending = <T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> =>
  typeof (answer as Partial<PromiseLike<T>> | null | undefined)?.then === 'function';
