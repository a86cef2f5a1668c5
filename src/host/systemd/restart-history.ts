import { longRunMs, restartWindowMs } from '../restart-window.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Growth seen within this time is kept as one entry, so that a history stays small. */
const BUCKET_MS = 10_000;

/** What one reading says of a unit's restarts. */
export interface RestartSample {
  /** Monotonic time of the reading, in milliseconds. */
  readonly at: number;
  /** systemd's counter `NRestarts`. */
  readonly restarts: number;
  /** `RestartSec=`, in milliseconds. */
  readonly delayMs: number;
  /** Which run it is, or empty. */
  readonly invocationId: string;
  readonly active: boolean;
  /** When it last began to start, by another monotonic clock, in milliseconds; absent or 0 where that is not known. */
  readonly upAt?: number;
}

/** Restarts that were counted elsewhere, before the first reading. */
export interface EarlierRestarts {
  /** Of the crash loop that it is in. */
  readonly recent: number;
  readonly daily: number;
}

/** Restarts that were seen at about one time. */
interface Growth {
  readonly at: number;
  readonly by: number;
}

/** What is remembered of a unit's restarts from one reading to the next. */
export interface RestartHistory {
  readonly last: RestartSample;
  /** When the present run was first seen to be active; `undefined` while it is not. */
  readonly runSeenAt: number | undefined;
  /** Without a long run in between. */
  readonly growth: readonly Growth[];
  /** Of the last 24 h, by the hour. */
  readonly daily: readonly Growth[];
}

const NONE: EarlierRestarts = { recent: 0, daily: 0 };

/**
 * Adds a reading to the history of a unit.
 *
 * A counter that goes down was reset, by `reset-failed` or a start: it is counted from 0 again, and what was counted
 * before stays. Between two readings there may have been long runs that were not seen; then only
 * those restarts count that must have followed each other without one.
 */
export function addSample(
  history: RestartHistory | undefined,
  sample: RestartSample,
  earlier: EarlierRestarts = NONE,
): RestartHistory {
  const { at, restarts, active, invocationId, delayMs } = sample;
  if (history === undefined) {
    const entries = (by: number): Growth[] => (by > 0 ? [{ at, by }] : []);
    const [growth, daily] = [entries(earlier.recent), entries(earlier.daily)];
    return { last: sample, runSeenAt: active ? at : undefined, growth, daily };
  }
  const { last } = history;
  const wasReset = restarts < last.restarts;
  const by = wasReset ? restarts : restarts - last.restarts;
  const daily = grown(within(history.daily, at, DAY), at, by, HOUR);
  const sameRun = active && last.active && invocationId === last.invocationId;
  const runSeenAt = active ? ((sameRun ? history.runSeenAt : undefined) ?? at) : undefined;
  const seenLong = runSeenAt !== undefined && at - runSeenAt >= longRunMs(delayMs);
  if (seenLong || endedLong(last, sample)) return { last: sample, runSeenAt, growth: [], daily };
  const growth = within(history.growth, at, restartWindowMs(delayMs));
  const inARow = longestChain(by, longRunsBetween(last, sample));
  return { last: sample, runSeenAt, growth: grown(growth, at, inARow, BUCKET_MS), daily };
}

/** How much the counter grew within the window of the unit, by the history's last reading. */
export const recentRestarts = ({ growth }: RestartHistory): number => sumOf(growth);

/** How much the counter grew within the last 24 h, by the history's last reading. */
export const dailyRestarts = ({ daily }: RestartHistory): number => sumOf(daily);

const sumOf = (growth: readonly Growth[]): number => growth.reduce((sum, { by }) => sum + by, 0);

const within = (growth: readonly Growth[], at: number, ms: number): readonly Growth[] =>
  growth.filter((entry) => at - entry.at < ms);

/**
 * How many long runs may lie between two readings. Where it is known when the runs that were read began, these times
 * tell: the run that was seen first ended before the last one began.
 */
function longRunsBetween(last: RestartSample, { at, upAt = 0, delayMs }: RestartSample): number {
  const from = last.upAt ?? 0;
  if (from > 0 && upAt > from) return Math.floor((upAt - from) / (longRunMs(delayMs) + delayMs));
  return Math.floor((at - last.at) / longRunMs(delayMs));
}

/** Whether the run that was seen last time is over, and was long: by the times at which runs began and ended. */
function endedLong(last: RestartSample, { upAt = 0, active, restarts, delayMs }: RestartSample): boolean {
  const from = last.upAt ?? 0;
  if (from === 0 || upAt <= from || !last.active) return false;
  // What waits for its restart has been on its way since it died.
  if (!active && restarts === last.restarts) return upAt - from >= longRunMs(delayMs);
  return active && restarts === last.restarts + 1 && upAt - from >= longRunMs(delayMs) + delayMs;
}

/** The longest chain of restarts that cannot be avoided when so many long runs lie between them. */
const longestChain = (restarts: number, longRuns: number): number =>
  Math.max(0, Math.ceil((restarts - longRuns) / (longRuns + 1)));

function grown(growth: readonly Growth[], at: number, by: number, bucketMs: number): readonly Growth[] {
  if (by === 0) return growth;
  const newest = growth.at(-1);
  if (newest === undefined || at - newest.at >= bucketMs) return [...growth, { at, by }];
  return [...growth.slice(0, -1), { at: newest.at, by: newest.by + by }];
}

/**
 * Counts the restarts of a crash loop in the times of all restarts, oldest first: back from now, for as long as no run
 * between two of them was long.
 */
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
