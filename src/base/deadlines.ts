/** How long the engine waits for its ports, in milliseconds. */
export const DEADLINES = {
  /** A reading of the host, and a look beyond the limits of its own checks. */
  readMs: 30_000,
  storeMs: 10_000,
  planMs: 60_000,
  /** A round of repairs begins without the plans that take longer than this. */
  plansMs: 5_000,
  /** Carrying out a plan, beyond the limits of its steps. */
  executeMs: 30_000,
  /** Carrying out what has no limit of its own. */
  unlimitedMs: 5 * 60_000,
  /** What only reads or plans, from when the engine is being closed. */
  closeReadsMs: 1_000,
  /** `close()` as a whole, and each thing that it closes. */
  closeMs: 30_000,
} as const;
