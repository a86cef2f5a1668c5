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

/** Who sleeps until a signal is aborted. One listener for all: to listen anew takes ten times as long as to sleep. */
const sleepersBySignal = new WeakMap<AbortSignal, Set<() => void>>();

function sleepersOf(signal: AbortSignal): Set<() => void> {
  const known = sleepersBySignal.get(signal);
  if (known) return known;
  const sleepers = new Set<() => void>();
  const endAll = (): void => {
    for (const end of sleepers) end();
    sleepers.clear();
  };
  signal.addEventListener('abort', endAll, { once: true });
  sleepersBySignal.set(signal, sleepers);
  return sleepers;
}

/** The time of this machine. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const sleepers = signal && sleepersOf(signal);
      const end = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        sleepers?.delete(end);
        resolve();
      }, ms);
      if (signal?.aborted) end();
      else sleepers?.add(end);
    }),
  random: () => Math.random(),
};
