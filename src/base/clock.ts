/** Port for time and randomness, so that tests do not have to sleep. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. It may jump. */
  now(): number;
  /** Milliseconds since a fixed moment. Never decreases. */
  monotonic(): number;
  /** Waits. Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A number from 0 up to, not including, 1. */
  random(): number;
  /**
   * Calls a function once after `ms` milliseconds, unless the returned function is called first. Must not keep the
   * process alive. Optional; without it, deadlines use `sleep`.
   */
  deadline?(ms: number, end: () => void): () => void;
}

/** Sleeping callers by signal. They share one listener: adding one takes ten times as long as a sleep. */
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

/** Clock of this machine. */
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
  deadline(ms, end) {
    // A delay that exceeds the range of Node's timers counts as no limit.
    if (ms > LONGEST_MS) return () => undefined;
    const timer = setTimeout(end, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Longest delay of Node's timers. */
export const LONGEST_MS = 2_147_483_647;

/** Calls a function after `ms` on a clock, unless the returned function is called first. */
export function deadlineOn(clock: Clock, ms: number, end: () => void): () => void {
  if (clock.deadline) return clock.deadline(ms, end);
  const controller = new AbortController();
  clock.sleep(ms, controller.signal).then(
    () => controller.signal.aborted || end(),
    () => undefined,
  );
  return () => controller.abort();
}

/** Returns the clock without `deadline`: its deadlines are sleeps, which keep the process alive. */
export const sleepsOnly = (clock: Clock): Clock => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  random: () => clock.random(),
  sleep: (ms, signal) => clock.sleep(ms, signal),
});
