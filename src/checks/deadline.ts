import { until } from '../base/until.js';

/** How late this program may be in a time limit, as a share of it, before its own lateness is the reason. */
const LATE_SHARE = 0.1;
/** Lateness that every program has now and then, in milliseconds. */
const LATE_MS = 50;
const SLICES = 20;

/** A time limit passed. */
export class TimeLimit extends Error {
  readonly limitMs: number;
  /** `true` if this program's own event loop was on time; otherwise the other side may have answered. */
  readonly onTime: boolean;

  constructor(limitMs: number, onTime: boolean) {
    super(`no answer within ${limitMs} ms`);
    this.limitMs = limitMs;
    this.onTime = onTime;
  }
}

/**
 * Works within a time limit, in milliseconds. Rejects with a {@link TimeLimit} when it has passed. The time is counted in
 * slices: time by which a timer is late is time in which this program could not receive an answer.
 */
export async function withinLimit<T>(
  limitMs: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const slice = Math.max(1, limitMs / SLICES);
  const start = performance.now();
  let before = start;
  let lateMs = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    lateMs += Math.max(0, now - before - slice - 2);
    before = now;
    // Data that has arrived by then is processed before the limit counts.
    if (now - start >= limitMs) {
      clearInterval(timer);
      setImmediate(() =>
        setImmediate(() =>
          end.abort(new TimeLimit(limitMs, lateMs <= Math.max(LATE_MS, limitMs * LATE_SHARE))),
        ),
      );
    }
  }, slice);
  try {
    return await until([outer, end.signal], (signal) => {
      const ended = new Promise<never>((_resolve, reject) => {
        const stop = (): void => reject(signal.reason as Error);
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      });
      return Promise.race([work(signal), ended]);
    });
  } finally {
    clearInterval(timer);
  }
}
