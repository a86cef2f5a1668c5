import { asError } from '../../../base/errors.js';
import type { MethodCall } from './marshal.js';

interface PendingCall {
  readonly call: MethodCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Creates the list of the calls of one connection that have no reply so far. `onWaiting` is called when the first call is
 * added and when the last one ends.
 */
export function createPendingCalls(timeoutMs: number, onWaiting: (isWaiting: boolean) => void) {
  const waiting = new Map<number, PendingCall>();
  return {
    get: (serial: number) => waiting.get(serial),
    /** Waits for the reply to a call. Rejects on timeout and on abort; a later reply is ignored. */
    async add(serial: number, call: MethodCall, signal?: AbortSignal): Promise<unknown> {
      const fail = (error: Error): void => waiting.get(serial)?.reject(error);
      const abort = (): void => fail(asError(signal?.reason));
      const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      signal?.addEventListener('abort', abort, { once: true });
      try {
        return await new Promise((resolve, reject) => {
          if (waiting.size === 0) onWaiting(true);
          waiting.set(serial, { call, resolve, reject });
        });
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        waiting.delete(serial);
        if (waiting.size === 0) onWaiting(false);
      }
    },
    /** Rejects every pending call. */
    end(reason: Error) {
      for (const { reject } of waiting.values()) reject(reason);
    },
  };
}
