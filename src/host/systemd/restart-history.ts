/** Restarts count as recent for 10 minutes. */
const WINDOW_MS = 600_000;
/** A run of 60 s ends a crash loop. */
const LONG_RUN_MS = 60_000;
/** Growth seen within this time is kept as one entry, so that a history holds at most some 60 of them. */
const BUCKET_MS = 10_000;

/** What one reading says of a unit's restarts. */
export interface RestartSample {
  /** Monotonic time of the reading, in milliseconds. */
  readonly at: number;
  /** systemd's counter `NRestarts`. */
  readonly restarts: number;
  /** Which run it is, or empty. */
  readonly invocationId: string;
  readonly active: boolean;
}

/** What is remembered of a unit's restarts from one reading to the next. */
export interface RestartHistory {
  readonly last: RestartSample;
  /** When the present run was first seen to be active; `undefined` while it is not. */
  readonly runSeenAt: number | undefined;
  readonly growth: readonly { readonly at: number; readonly by: number }[];
}

/**
 * Adds a reading to the history of a unit.
 *
 * The counter going down means that a person or a program started the unit anew, and counting begins again.
 * Between two readings further apart than 60 s there may have been long runs that nobody saw; then only those
 * restarts count that must have followed each other without one.
 */
export function addSample(history: RestartHistory | undefined, sample: RestartSample): RestartHistory {
  const { at, restarts, active, invocationId } = sample;
  if (history === undefined || restarts < history.last.restarts) {
    return { last: sample, runSeenAt: active ? at : undefined, growth: [] };
  }
  const { last } = history;
  const sameRun = active && last.active && invocationId === last.invocationId && restarts === last.restarts;
  const runSeenAt = active ? ((sameRun ? history.runSeenAt : undefined) ?? at) : undefined;
  if (runSeenAt !== undefined && at - runSeenAt >= LONG_RUN_MS)
    return { last: sample, runSeenAt, growth: [] };
  const growth = history.growth.filter((entry) => at - entry.at < WINDOW_MS);
  return {
    last: sample,
    runSeenAt,
    growth: grown(growth, at, inARow(restarts - last.restarts, at - last.at)),
  };
}

/** How much the counter grew within the last 10 minutes, by the history's last reading. */
export function recentRestarts(history: RestartHistory): number {
  return history.growth.reduce((sum, entry) => sum + entry.by, 0);
}

/** The longest chain of restarts that cannot be avoided when as many runs of 60 s as fit lie between them. */
function inARow(restarts: number, elapsedMs: number): number {
  const longRuns = Math.max(0, Math.floor(elapsedMs / LONG_RUN_MS));
  return Math.max(0, Math.ceil((restarts - longRuns) / (longRuns + 1)));
}

function grown(growth: RestartHistory['growth'], at: number, by: number): RestartHistory['growth'] {
  if (by === 0) return growth;
  const newest = growth.at(-1);
  if (newest === undefined || at - newest.at >= BUCKET_MS) return [...growth, { at, by }];
  return [...growth.slice(0, -1), { at: newest.at, by: newest.by + by }];
}
