import { describe, expect, it } from 'vitest';
import { parseStrictJson } from '../../../src/service/helper/strict-json.js';

const parsed = (text: string): unknown => parseStrictJson(new TextEncoder().encode(text));
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const inObjects = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

describe('strict JSON', () => {
  it.each([
    'null',
    '7',
    '"a: \\"b\\": c"',
    '[]',
    '{}',
    '{ "a" : 1 ,\n"b"\t:"c\\\\" }',
    '[{"a":1},{"a":2},[["a","a"]]]',
    '{"a":{"a":{"b":null}},"":["",":"]}',
    '"ä☃😀"',
  ])('%s has the value that JSON.parse gives it', (text) => {
    expect(parsed(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ['{"a":1,"a":1}', 'a key comes twice'],
    ['[[{"b":{"a":1,"\\u0061":1}}]]', 'a key comes twice'],
    ['{"":1,"" :2}', 'a key comes twice'],
    ['{"a":1', 'it is not JSON'],
    ['', 'it is not JSON'],
    ['\ufeff{}', 'it is not JSON'],
  ])('%j is refused: %s', (text, why) => {
    expect(() => parsed(text)).toThrow(new Error(why));
  });

  it('that is not UTF-8 is refused', () => {
    expect(() => parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(new Error('it is not UTF-8'));
  });

  it.each([nested, inObjects])('may nest 8 deep, and no deeper', (make) => {
    expect(parsed(make(8))).toEqual(JSON.parse(make(8)));
    expect(() => parsed(make(9))).toThrow(new Error('it nests deeper than 8'));
  });
});
