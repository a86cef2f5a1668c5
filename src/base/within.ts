import { deadlineOn, type Clock } from './clock.js';
import { SelfHealingError } from './errors.js';
import { span } from './format.js';

/** Time limit of work, and what cancels it. */
export interface Limit {
  readonly ms: number;
  readonly clock: Clock;
  /** Cancels the wait, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Message of the error at the time limit, or a function that creates it. Default: `not done within …`. */
  readonly late?: (() => Error) | string | undefined;
  /** The error when the signal is aborted. Default: the reason of the signal. */
  readonly stopped?: string | undefined;
}

/**
 * Waits for work up to a limit, and aborts its signal when the wait ends. What the work returns or throws later is
 * ignored. The timer never keeps the process alive. The signal is created when the work first asks for it, as that costs
 * as much as the rest.
 */
export async function within<T>(
  { ms, clock, signal, late, stopped }: Limit,
  work: (signal: () => AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  let controller: AbortController | undefined;
  let reject = (_reason: unknown): void => undefined;
  const ended = new Promise<never>((_resolve, end) => (reject = end));
  ended.catch(() => undefined);
  let over: { readonly reason: unknown } | undefined;
  const end = (reason: unknown): void => {
    over = { reason };
    reject(reason);
    controller?.abort(reason);
  };
  const own = (): AbortSignal => {
    controller ??= new AbortController();
    if (over) controller.abort(over.reason);
    return controller.signal;
  };
  const onAbort = (): void =>
    end(stopped === undefined ? signal?.reason : new SelfHealingError('timeout', stopped));
  const cancel = deadlineOn(clock, ms, () =>
    end(
      typeof late === 'function'
        ? late()
        : new SelfHealingError('timeout', late ?? `not done within ${span(ms)}`),
    ),
  );
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  try {
    return await Promise.race([work(own), ended]);
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
