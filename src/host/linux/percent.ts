/** Returns `100 × part / whole`, limited to 0–100 because rounding may exceed 100. */
export const percentOf = (part: number, whole: number): number =>
  Math.min(100, Math.max(0, (100 * part) / whole));
