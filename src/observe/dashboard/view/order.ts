import type { Explanation } from '../../../report/explain.js';

/** Compares issues: the most severe first, then by name, so that equal ones keep their places from view to view. */
export const worstFirst = (a: Explanation, b: Explanation): number =>
  b.issue.severity - a.issue.severity ||
  compare(a.component, b.component) ||
  compare(a.issue.type, b.issue.type);

/** Compares by code units: the same on every machine, and faster than a locale. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
