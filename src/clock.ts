/** The port through which time and chance come in, so that no test sleeps. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. It may jump. */
  now(): number;
  /** Milliseconds since some fixed moment. It never goes back. */
  monotonic(): number;
  /** Waits. Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A number from 0 up to, not including, 1. */
  random(): number;
}

/** The time of this machine. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', end);
        resolve();
      }, ms);
      if (signal?.aborted) end();
      else signal?.addEventListener('abort', end, { once: true });
    }),
  random: () => Math.random(),
};
