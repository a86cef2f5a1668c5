import { longRunMs, restartWindowMs } from '../restart-window.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Width of an entry, so that a history stays small. */
const BUCKET_MS = 10_000;

/** Restart data of a unit at one reading. */
export interface RestartSample {
  /** Monotonic time of the reading, in milliseconds. */
  readonly at: number;
  /** `NRestarts`. */
  readonly restarts: number;
  /** `RestartSec=`, in milliseconds. */
  readonly delayMs: number;
  readonly invocationId: string;
  readonly active: boolean;
  /** `true` if it has failed and systemd does not restart it any more, for example at its start limit. */
  readonly gaveUp?: boolean;
  /** Time of the last start, by systemd's monotonic clock, in milliseconds; absent or 0 if unknown. */
  readonly upAt?: number;
}

/** Restarts before the first reading, from the journal. */
export interface EarlierRestarts {
  /** Restarts of the current crash loop. */
  readonly recent: number;
  readonly daily: number;
}

/** Growth of the counter at about one time. */
interface Growth {
  readonly at: number;
  readonly by: number;
}

/** State kept for a unit from one reading to the next. */
export interface RestartHistory {
  readonly last: RestartSample;
  /** Time at which the current run was first read as active; `undefined` if not active. */
  readonly runSeenAt: number | undefined;
  /** Restarts since the last long run. */
  readonly growth: readonly Growth[];
  /** Restarts of the last 24 h, by the hour. */
  readonly daily: readonly Growth[];
}

const NONE: EarlierRestarts = { recent: 0, daily: 0 };

/**
 * Adds a reading to the history of a unit.
 *
 * A crash loop ends with a long run, or when systemd gives up: the unit has failed, and counting begins again.
 *
 * A counter that goes down was reset, by `reset-failed` or a start: it counts from 0 again, and earlier restarts are kept.
 * If long runs may have gone unnoticed between two readings, only the restarts count that must have followed each other
 * without a long run.
 */
export function addSample(
  history: RestartHistory | undefined,
  sample: RestartSample,
  earlier: EarlierRestarts = NONE,
): RestartHistory {
  const { at, restarts, active, invocationId, delayMs } = sample;
  if (sample.gaveUp) return { last: sample, runSeenAt: undefined, growth: [], daily: [] };
  if (history === undefined) {
    const entries = (by: number): Growth[] => (by > 0 ? [{ at, by }] : []);
    const [growth, daily] = [entries(earlier.recent), entries(earlier.daily)];
    return { last: sample, runSeenAt: active ? at : undefined, growth, daily };
  }
  const { last } = history;
  const wasReset = restarts < last.restarts;
  const by = wasReset ? restarts : restarts - last.restarts;
  const daily = grown(within(history.daily, at, DAY), at, by, HOUR);
  const isSameRun = invocationId === last.invocationId;
  const runSeenAt = active ? ((isSameRun ? history.runSeenAt : undefined) ?? at) : undefined;
  const seenLong = runSeenAt !== undefined && at - runSeenAt >= longRunMs(delayMs);
  if (seenLong || endedLong(last, sample)) return { last: sample, runSeenAt, growth: [], daily };
  const growth = within(history.growth, at, restartWindowMs(delayMs));
  const inARow = longestChain(by, longRunsBetween(last, sample));
  return { last: sample, runSeenAt, growth: grown(growth, at, inARow, BUCKET_MS), daily };
}

/** Returns the number of restarts within the window of the unit, at the last reading. */
export const recentRestarts = (history?: RestartHistory): number => sumOf(history?.growth);

/** Returns the number of restarts within 24 h, at the last reading. */
export const dailyRestarts = (history?: RestartHistory): number => sumOf(history?.daily);

const sumOf = (growth: readonly Growth[] = []): number => growth.reduce((sum, { by }) => sum + by, 0);

const within = (growth: readonly Growth[], at: number, ms: number): readonly Growth[] =>
  growth.filter((entry) => at - entry.at < ms);

/** Returns how many long runs may lie between two readings, by the start times of their runs if known. */
function longRunsBetween(last: RestartSample, { at, upAt = 0, delayMs }: RestartSample): number {
  const from = last.upAt ?? 0;
  if (from > 0 && upAt > from) return Math.floor((upAt - from) / (longRunMs(delayMs) + delayMs));
  return Math.floor((at - last.at) / longRunMs(delayMs));
}

/** Returns whether the run of the last reading has ended and was long, by the start times of runs. */
function endedLong(last: RestartSample, { upAt = 0, active, restarts, delayMs }: RestartSample): boolean {
  const from = last.upAt ?? 0;
  if (from === 0 || upAt <= from || !last.active) return false;
  // While it waits for its restart, `upAt` is the time at which it died.
  if (!active && restarts === last.restarts) return upAt - from >= longRunMs(delayMs);
  return active && restarts === last.restarts + 1 && upAt - from >= longRunMs(delayMs) + delayMs;
}

/** Returns the minimum length of the longest chain if this many long runs lie between the restarts. */
const longestChain = (restarts: number, longRuns: number): number =>
  Math.max(0, Math.ceil((restarts - longRuns) / (longRuns + 1)));

function grown(growth: readonly Growth[], at: number, by: number, bucketMs: number): readonly Growth[] {
  if (by === 0) return growth;
  const newest = growth.at(-1);
  if (newest === undefined || at - newest.at >= bucketMs) return [...growth, { at, by }];
  return [...growth.slice(0, -1), { at: newest.at, by: newest.by + by }];
}

/** Counts the restarts of the current crash loop, from the times of all restarts, oldest first. A long run ends a loop. */
export function chainOf(times: readonly number[], now: number, delayMs: number): number {
  const longestGap = longRunMs(delayMs) + delayMs;
  let next = now;
  let chain = 0;
  for (const time of [...times].reverse()) {
    if (next - time > longestGap || now - time >= restartWindowMs(delayMs)) break;
    next = time;
    chain += 1;
  }
  return chain;
}
