/** Time limits for calls to ports, in milliseconds. */
export const DEADLINES = {
  /** Reading the host; for a detection, added to the limits of its checks. */
  readMs: 30_000,
  storeMs: 10_000,
  planMs: 60_000,
  /** Plans that take longer than this are left out of a round of repairs. */
  plansMs: 5_000,
  /** Added to the limits of a plan's steps. */
  executeMs: 30_000,
  /** Executing a plan whose steps have no limit. */
  unlimitedMs: 5 * 60_000,
  /** Reading and planning once `close()` has been called. */
  closeReadsMs: 1_000,
  /** `close()` as a whole, and each port that it closes. */
  closeMs: 30_000,
} as const;
