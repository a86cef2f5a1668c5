import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, count, span } from '../../src/base/format.js';

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [3 * 1024 ** 5, '3.0 PiB'],
    [5_000 * 1024 ** 5, '5000.0 PiB'],
  ])('formats %d as %s', (value, text) => {
    expect(bytes(value)).toBe(text);
  });

  it('always returns a number and a unit, whatever the size', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: Number.MAX_SAFE_INTEGER, noNaN: true }), (value) => {
        expect(bytes(value)).toMatch(/^\d+(\.\d)? (B|[KMGTP]iB)$/);
      }),
    );
  });
});

describe('count', () => {
  it('separates thousands, in any locale', () => {
    expect(count(1_234_567)).toBe('1,234,567');
  });
});

describe('span', () => {
  it.each([
    [0, '0 ms'],
    [350, '350 ms'],
    [1_000, '1 s'],
    [4_200, '4.2 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [97_200_000, '1 d 3 h'],
  ])('formats %d ms as %s', (ms, text) => {
    expect(span(ms)).toBe(text);
  });

  it('never has a smaller part that would fill a larger one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 * 86_400_000 }), (ms) => {
        const text = span(ms);
        const [, seconds] = /(\d+) s$/.exec(text) ?? [];
        const [, minutes] = /(\d+) min/.exec(text) ?? [];
        if (text.includes('min')) expect(Number(seconds ?? 0)).toBeLessThan(60);
        expect(Number(minutes ?? 0)).toBeLessThan(60);
      }),
    );
  });
});
