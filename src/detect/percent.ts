/** How far below its threshold a percentage must fall before an open issue clears, in percentage points. */
export const CLEARING_POINTS = 5;

/** The level under which a percentage counts as healthy again. */
export const clearingLevel = (threshold: number): number => Math.max(0, threshold - CLEARING_POINTS);

/** A percentage as a person reads it. */
export const percent = (value: number): string => `${value.toFixed(1)} %`;
