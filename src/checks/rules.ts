import {
  expectArray,
  expectBoolean,
  expectNumber,
  expectOneOf,
  expectStrings,
  expectText,
  refusal,
} from '../base/expect.js';
import { unitName } from '../model/unit-name.js';

/** Throws, in one sentence with the option's name and value, when a value is invalid. */
export type Leaf = (name: string, value: unknown) => void;

/** The options of one kind of check: what each must be, which are needed, and what cannot stand together. */
export interface CheckRule {
  readonly keys: Readonly<Record<string, Leaf>>;
  readonly needs?: readonly string[];
  /** Throws for options that are right by themselves and wrong together. */
  readonly together?: (name: string, options: Readonly<Record<string, unknown>>) => void;
}

export const boolean: Leaf = expectBoolean;

/** A number within bounds, both included. */
export const number =
  (min: number, max: number): Leaf =>
  (name, value) =>
    expectNumber(name, value, min, max);

/** A whole number within bounds, both included. */
export const whole =
  (min: number, max: number): Leaf =>
  (name, value) => {
    if (!Number.isInteger(expectNumber(name, value, min, max))) throw refusal(name, 'a whole number', value);
  };

export const text: Leaf = expectText;

export const texts: Leaf = (name, value) =>
  typeof value === 'string' ? text(name, value) : expectStrings(name, value);

export const path: Leaf = (name, value) => {
  if (typeof value !== 'string' || !value.startsWith('/') || value.includes('\0'))
    throw refusal(name, 'an absolute path', value);
};

export const unit: Leaf = (name, value) => unitName(value as string, name);

export const oneOf =
  (known: readonly string[], noun: string): Leaf =>
  (name, value) =>
    expectOneOf(name, value, known, noun);

/** A regular expression, or the source of one. */
export const pattern: Leaf = (name, value) => {
  if (value instanceof RegExp) return;
  text(name, value);
  try {
    new RegExp(value as string);
  } catch {
    throw refusal(name, 'a regular expression', value);
  }
};

/** A string, or the path of a file that holds it. */
export const secret: Leaf = (name, value) => {
  if (typeof value === 'string' && value !== '') return;
  const { file, ...others } = (value ?? {}) as Record<string, unknown>;
  if (typeof value !== 'object' || Array.isArray(value) || Object.keys(others).length > 0)
    throw refusal(name, 'a non-empty string or `{ file: "/path" }`', value);
  path(`${name}.file`, file);
};

/** A list whose entries are all of one kind. */
export const listOf =
  (leaf: Leaf): Leaf =>
  (name, value) => {
    for (const [index, one] of expectArray(name, value).entries()) leaf(`${name}[${index}]`, one);
  };

/** An object whose values are all of one kind. */
export const record =
  (leaf: Leaf): Leaf =>
  (name, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw refusal(name, 'an object', value);
    for (const [key, inner] of Object.entries(value)) leaf(`${name}.${key}`, inner);
  };

/** An object with known keys. */
export const object =
  (keys: Readonly<Record<string, Leaf>>, needs: readonly string[] = []): Leaf =>
  (name, value) => {
    record(() => undefined)(name, value);
    const given = value as Record<string, unknown>;
    for (const key of Object.keys(given)) expectOneOf(name, key, Object.keys(keys), 'option');
    for (const key of needs)
      if (given[key] === undefined) throw refusal(`${name}.${key}`, 'given', given[key]);
    for (const [key, inner] of Object.entries(given))
      if (inner !== undefined) keys[key]?.(`${name}.${key}`, inner);
  };

/** Bounds: at least one of `min` and `max`. */
export const bounds: Leaf = (name, value) => {
  object({
    min: number(-Number.MAX_VALUE, Number.MAX_VALUE),
    max: number(-Number.MAX_VALUE, Number.MAX_VALUE),
  })(name, value);
  const { min, max } = value as { min?: number; max?: number };
  if (min === undefined && max === undefined) throw refusal(name, 'an object with `min` or `max`', value);
  if (min !== undefined && max !== undefined && min > max)
    throw refusal(name, 'an object with `min` up to `max`', value);
};

/** Refuses options when none of these is given. */
export const oneNeeded =
  (...names: readonly string[]) =>
  (name: string, options: Readonly<Record<string, unknown>>): void => {
    const given = names.filter((one) => options[one] !== undefined);
    if (given.length === 1) return;
    const list = names.map((one) => `\`${one}\``).join(', ');
    throw refusal(name, `an object with exactly one of ${list}`, options);
  };
