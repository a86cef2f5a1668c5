import { describe, expect, it } from 'vitest';
import { printable, printableData, printableJson, printableLines } from '../../src/base/printable.js';

const LONE = String.fromCharCode(0xd800);

describe('a printable text', () => {
  it.each([
    ['printable ASCII', ' az~', ' az~'],
    ['letters of any language, and joiners', 'Grüße 👩\u200d🚀', 'Grüße 👩\u200d🚀'],
    ['line breaks and tabs', 'a\nb\rc\td', String.raw`a\nb\rc\td`],
    ['control characters', '\u001b[31m\u007f\u0000', String.raw`\u001b[31m\u007f\u0000`],
    ['line separators', '\u2028', String.raw`\u2028`],
    ['bidirectional controls', 'a\u202eb', String.raw`a\u202eb`],
    ['a lone surrogate', LONE, String.raw`\ud800`],
    ['an invisible character outside of the basic plane', '\u{e0001}', String.raw`\udb40\udc01`],
    ['a line break alone', '\n', String.raw`\n`],
    ['the last control character alone', '\u001f', String.raw`\u001f`],
    ['the character after the tilde alone', '\u007f', String.raw`\u007f`],
    ['a text that becomes odd at its end only', 'a\u0007', String.raw`a\u0007`],
  ])('has %s as expected', (_what, text, expected) => {
    expect(printable(text)).toBe(expected);
    expect(printable(printable(text))).toBe(expected);
  });

  it('keeps the line breaks between its lines where they are layout', () => {
    expect(printableLines('a\u0007\nb')).toBe(`${String.raw`a\u0007`}\nb`);
  });
});

describe('printable data', () => {
  it('as JSON can be parsed to the original characters', () => {
    const data = { name: 'a\u202e\nb', list: [1] };
    expect(printableJson(data, 2)).toBe(
      ['{', String.raw`  "name": "a\u202e\nb",`, '  "list": [', '    1', '  ]', '}'].join('\n'),
    );
    expect(JSON.parse(printableJson(data))).toEqual(data);
  });

  it('has printable strings and keys at any depth, and keeps the lines of a `text`', () => {
    const at = new Date(0);
    const data = { 'a\n': [{ b: 'c\n', text: 'd\ne\u0007' }], n: 1, none: null, at };
    expect(printableData(data)).toEqual({
      [String.raw`a\n`]: [{ b: String.raw`c\n`, text: `d\n${String.raw`e\u0007`}` }],
      ...{ n: 1, none: null, at },
    });
  });
});
