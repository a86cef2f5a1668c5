import type { Verdict } from '../model/issue.js';

/** How far below its threshold a percentage must fall before an open issue clears, in percentage points. */
export const CLEARING_POINTS = 5;

/** The level under which a percentage counts as healthy again. */
export const clearingLevel = (threshold: number): number => Math.max(0, threshold - CLEARING_POINTS);

/** A percentage as a person reads it. */
export const percent = (value: number): string => `${value.toFixed(1)} %`;

/** Whether a verdict that is not bad is far enough from trouble for an open issue to clear. */
export function isCleared({ status, value, clearsAt }: Verdict): boolean {
  if (status !== 'ok') return false;
  // What is at rest is healthy, however low the threshold is.
  return value === undefined || clearsAt === undefined || value < clearsAt || value === 0;
}
