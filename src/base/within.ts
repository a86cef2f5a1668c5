import { deadlineOn, type Clock } from './clock.js';
import { SelfHealingError } from './errors.js';
import { span } from './format.js';

/** Time limit of work, and what cancels it. */
export interface Limit {
  readonly ms: number;
  readonly clock: Clock;
  /** Cancels the wait, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** The error at the time limit, or its message. Default: `not done within …`. */
  readonly late?: Error | string | undefined;
  /** The error when the signal is aborted. Default: the reason of the signal. */
  readonly stopped?: string | undefined;
}

/**
 * Waits for work up to a limit, and aborts its signal when the wait ends. What the work returns or throws later is
 * ignored. The timer never keeps the process alive.
 */
export async function within<T>(
  { ms, clock, signal, late, stopped }: Limit,
  work: (signal: AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  const controller = new AbortController();
  let end = (_reason: unknown): void => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    end = (reason) => {
      // A signal's reason may be anything.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(reason);
      controller.abort(reason);
    };
  });
  ended.catch(() => undefined);
  const onAbort = (): void =>
    end(stopped === undefined ? signal?.reason : new SelfHealingError('timeout', stopped));
  const cancel = deadlineOn(clock, ms, () =>
    end(
      late instanceof Error ? late : new SelfHealingError('timeout', late ?? `not done within ${span(ms)}`),
    ),
  );
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  try {
    return await Promise.race([work(controller.signal), ended]);
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
