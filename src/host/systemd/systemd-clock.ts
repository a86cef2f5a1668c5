/** A larger difference between wall clock and monotonic clock means that the wall clock was set. */
const SET_MS = 1_000;

let offsetMs = NaN;

/** Returns the time of systemd's monotonic clock, in milliseconds. */
export const systemdNow = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/**
 * Converts monotonic microseconds to milliseconds since the epoch; 0 stays 0. The result for the same time is stable until
 * the wall clock is set.
 */
export function sinceEpoch(monotonicUs: number): number {
  if (monotonicUs === 0) return 0;
  const now = Date.now() - Number(process.hrtime.bigint() / 1_000n) / 1_000;
  if (!(Math.abs(now - offsetMs) <= SET_MS)) offsetMs = now;
  return offsetMs + monotonicUs / 1_000;
}
