import { asError } from '../../../base/errors.js';

/** Calls that wait for their answers. */
export interface PendingCalls<Call> {
  /** Waits for the answer to a call. Rejects after the time limit and on abort; a later answer is ignored. */
  add(serial: number, call: Call, signal?: AbortSignal): Promise<unknown>;
  /** Returns whether a call with this number waits and passes a test. */
  has(serial: number, test: (call: Call) => boolean): boolean;
  resolve(serial: number, value: unknown): void;
  reject(serial: number, error: Error): void;
  /** Rejects every call that waits. */
  end(reason: Error): void;
}

interface Waiting<Call> {
  readonly call: Call;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Makes the list of calls of one connection. `onWaiting` is called when the first call begins or the last one ends to wait. */
export function createPendingCalls<Call>(
  timeoutMs: number,
  onWaiting: (isWaiting: boolean) => void,
): PendingCalls<Call> {
  const waiting = new Map<number, Waiting<Call>>();

  const reject = (serial: number, error: Error): void => waiting.get(serial)?.reject(error);

  return {
    async add(serial, call, signal) {
      const abort = (): void => reject(serial, asError(signal?.reason));
      const timer = setTimeout(
        () => reject(serial, new Error(`no answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      signal?.addEventListener('abort', abort, { once: true });
      try {
        return await new Promise((resolve, rejectCall) => {
          if (waiting.size === 0) onWaiting(true);
          waiting.set(serial, { call, resolve, reject: rejectCall });
        });
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        waiting.delete(serial);
        if (waiting.size === 0) onWaiting(false);
      }
    },
    has(serial, test) {
      const one = waiting.get(serial);
      return one !== undefined && test(one.call);
    },
    resolve: (serial, value) => waiting.get(serial)?.resolve(value),
    reject,
    end(reason) {
      for (const serial of waiting.keys()) reject(serial, reason);
    },
  };
}
