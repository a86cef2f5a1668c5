import { asError } from '../../../base/errors.js';

/** Calls without a reply so far. */
export interface PendingCalls<Call> {
  /** Waits for the reply to a call. Rejects on timeout and on abort; a later reply is ignored. */
  add(serial: number, call: Call, signal?: AbortSignal): Promise<unknown>;
  /** Returns whether a call with this serial is pending and passes a test. */
  has(serial: number, test: (call: Call) => boolean): boolean;
  resolve(serial: number, value: unknown): void;
  reject(serial: number, error: Error): void;
  /** Rejects every pending call. */
  end(reason: Error): void;
}

interface PendingCall<Call> {
  readonly call: Call;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Creates the list of one connection. `onWaiting` is called when the first call is added and when the last one ends. */
export function createPendingCalls<Call>(
  timeoutMs: number,
  onWaiting: (isWaiting: boolean) => void,
): PendingCalls<Call> {
  const waiting = new Map<number, PendingCall<Call>>();

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
