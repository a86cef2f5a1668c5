/** Replaces a value that could not be read; unknown is never 0. */
export interface Unknown {
  /** Why there is no value, as one sentence without a full stop. */
  readonly unknown: string;
}

/** Writable version of a type, for readings that are updated in place. */
export type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A value, or the reason why it is missing. */
export type Reading<T> = T | Unknown;

/** Returns an unknown reading with its reason. */
export const unknown = (reason: string): Unknown => ({ unknown: reason });

/** Returns whether a reading has no value. */
export function isUnknown(reading: unknown): reading is Unknown {
  // Called a dozen times per detection, on objects of all shapes, where `in` takes twice as long.
  return typeof reading === 'object' && (reading as Partial<Unknown> | null)?.unknown !== undefined;
}
