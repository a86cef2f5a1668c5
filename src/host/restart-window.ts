const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The time within which restarts count as recent, in milliseconds: systemd itself may wait for long between two. */
export const restartWindowMs = (delayMs: number): number => Math.min(DAY, Math.max(10 * MINUTE, 4 * delayMs));

/** A run of this length ends a crash loop, in milliseconds. */
export const longRunMs = (delayMs: number): number => Math.max(MINUTE, 2 * delayMs);
