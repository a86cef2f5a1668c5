import { describe, expect, it } from 'vitest';
import {
  isBoolean,
  isNumber,
  isObject,
  isString,
  listOf,
  mapOf,
  oneOf,
  orAbsent,
  orNull,
  shaped,
  type Shape,
} from '../../src/base/shape.js';

const VALUES = [
  undefined,
  null,
  true,
  'text',
  '',
  7,
  NaN,
  Infinity,
  [],
  ['a'],
  ['a', 1],
  {},
  { a: 'b' },
  { a: 1 },
];
const ONE_OF_TWO = { a: 'b', c: 1 };

describe('the predicate for an untrusted value', () => {
  it.each<[string, Shape, readonly unknown[]]>([
    ['an object', isObject, [{}, { a: 'b' }, { a: 1 }, ONE_OF_TWO]],
    ['a finite number', isNumber, [7]],
    ['a string', isString, ['text', '']],
    ['a boolean', isBoolean, [true]],
    ['a string or null', orNull(isString), [null, 'text', '']],
    ['a string or nothing', orAbsent(isString), [undefined, 'text', '']],
    ['one of two words', oneOf('text', 7), ['text', 7]],
    ['a list of strings', listOf(isString), [[], ['a']]],
    ['a map of strings', mapOf(isString), [{}, { a: 'b' }]],
    ['an object with a field', shaped({ a: isString }), [{ a: 'b' }, ONE_OF_TWO]],
    ['an object with two fields', shaped({ a: isString, c: isNumber }), [ONE_OF_TWO]],
  ])('%s accepts no other value', (_which, shape, accepted) => {
    expect([...VALUES, ONE_OF_TWO].filter((value) => shape(value))).toEqual(accepted);
  });
});
