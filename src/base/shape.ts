/** Predicate for untrusted values. */
export type Shape = (value: unknown) => boolean;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isNumber: Shape = (value) => typeof value === 'number' && Number.isFinite(value);
export const isString: Shape = (value) => typeof value === 'string';
export const isBoolean: Shape = (value) => typeof value === 'boolean';
export const orNull =
  (shape: Shape): Shape =>
  (value) =>
    value === null || shape(value);
export const orAbsent =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined || shape(value);
export const oneOf =
  (...words: readonly unknown[]): Shape =>
  (value) =>
    words.includes(value);
export const listOf =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape);
export const mapOf =
  (shape: Shape): Shape =>
  (value) =>
    isObject(value) && Object.values(value).every(shape);
/** Accepts an object that has these fields, and possibly others. */
export const shaped =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([key, shape]) => shape(value[key]));
