/** A wall clock that moves against the monotonic one by more than this was set. */
const SET_MS = 1_000;

let offsetMs = NaN;

/**
 * Turns microseconds of the monotonic clock into milliseconds since the epoch; 0 stays 0. The same moment gives the same
 * number each time, until the wall clock is set.
 */
export function sinceEpoch(monotonicUs: number): number {
  if (monotonicUs === 0) return 0;
  const now = Date.now() - Number(process.hrtime.bigint() / 1_000n) / 1_000;
  if (!(Math.abs(now - offsetMs) <= SET_MS)) offsetMs = now;
  return offsetMs + monotonicUs / 1_000;
}
