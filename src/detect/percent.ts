import type { Verdict } from '../model/issue.js';

/** Percentage points that a value must fall below its threshold before an open issue clears. */
export const CLEARING_POINTS = 5;

/** Returns the percentage below which an open issue clears. */
export const clearingLevel = (threshold: number): number => Math.max(0, threshold - CLEARING_POINTS);

/** Formats a percentage. */
export const percent = (value: number): string => `${value.toFixed(1)} %`;

/** Returns whether a verdict lets an open issue clear. */
export function isCleared({ status, value, clearsAt }: Verdict): boolean {
  if (status !== 'ok') return false;
  // 0 clears whatever the threshold is.
  return value === undefined || clearsAt === undefined || value < clearsAt || value === 0;
}
