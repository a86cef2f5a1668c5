/** `100 × part / whole`, 0–100. Rounding could lift a full hundred above itself. */
export const percentOf = (part: number, whole: number): number =>
  Math.min(100, Math.max(0, (100 * part) / whole));
