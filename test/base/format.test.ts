import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, count, span, utc } from '../../src/base/format.js';

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

  it.each([
    [0, '0'],
    [-0.4, '0'],
    [1, '1'],
    [999, '999'],
    [1_000, '1,000'],
    [123_456, '123,456'],
    [-1_234.4, '-1,234'],
    [-1, '-1'],
  ])('rounds %d to %s', (value, text) => {
    expect(count(value)).toBe(text);
  });
});

describe('utc', () => {
  it('has a time to the second', () => {
    expect(utc(Date.UTC(2025, 0, 2, 3, 4, 5, 678))).toBe('2025-01-02 03:04:05 UTC');
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
    [999, '999 ms'],
    [4_230, '4.2 s'],
    [30_000, '30 s'],
    [59_900, '59.9 s'],
    [61_000, '1 min 1 s'],
    [3_000_000, '50 min'],
    [3_599_000, '59 min 59 s'],
    [3_660_000, '1 h 1 min'],
    [86_399_000, '23 h 59 min'],
    [86_400_000, '1 d'],
    [90_000_000, '1 d 1 h'],
    [863_999_000, '9 d 23 h'],
    [864_000_000, '10 d'],
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
