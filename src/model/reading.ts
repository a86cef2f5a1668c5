/** What stands in the place of a value that could not be read. It is never written as 0. */
export interface Unknown {
  /** Why there is no value, as one sentence without a full stop. */
  readonly unknown: string;
}

/** The same, to be written to: a place that a reading is put into. */
export type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A value, or the reason why there is none. */
export type Reading<T> = T | Unknown;

/** Makes the value that says "not known, because …". */
export const unknown = (reason: string): Unknown => ({ unknown: reason });

/** Tells whether a reading is the absence of a value. */
export function isUnknown(reading: unknown): reading is Unknown {
  // Asked a dozen times in a look, of objects of all shapes: `in` takes twice as long there.
  return typeof reading === 'object' && (reading as Partial<Unknown> | null)?.unknown !== undefined;
}
