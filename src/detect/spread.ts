/** Checks of one look that may be waited for at once before the others start one after the other. */
const AT_ONCE = 10;
/** Time between two starts after that, in milliseconds: 1,000 checks start within 5 s. */
const APART_MS = 5;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Returns how long the start of a check waits while so many of the same look are under way, in milliseconds. */
export const waitBeforeStart = (underWay: number): number => (underWay < AT_ONCE ? 0 : APART_MS);

/** Returns the longest time in which a look starts so many checks, in milliseconds. */
export const longestStartMs = (checks: number): number => Math.max(0, checks - AT_ONCE) * APART_MS;

/**
 * Returns the share of its interval after which a check runs for the second time, over 0 up to 1. The first of all has
 * the whole of it. However many there are, their shares lie evenly: each is a golden section further than the one before.
 */
export const shareOfFirstInterval = (index: number): number => 1 - ((index * GOLDEN) % 1);
