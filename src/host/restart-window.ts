const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Returns how long a restart counts as recent, in milliseconds. Depends on the restart delay of the unit. */
export const restartWindowMs = (delayMs: number): number => Math.min(DAY, Math.max(10 * MINUTE, 4 * delayMs));

/** Returns the length of a run that ends a crash loop, in milliseconds. */
export const longRunMs = (delayMs: number): number => Math.max(MINUTE, 2 * delayMs);
