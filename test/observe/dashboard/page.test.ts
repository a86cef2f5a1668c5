import { describe, expect, test } from 'vitest';
import { inWords, withHoles } from '../../../src/observe/dashboard/page/curve.js';
import { ago, many, number, span, took } from '../../../src/observe/dashboard/page/words.js';

describe('the texts of the page', () => {
  test.each([
    [0, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '1 d 1 h'],
    [-5, '0 s'],
  ])('format %d ms as %s', (ms, words) => expect(span(ms)).toBe(words));
  test.each([
    [0, '0'],
    [0.05, '0.05'],
    [23.44, '23.4'],
    [104.4, '104'],
    [12_345, '12,345'],
    [3_400_000, '3.4 M'],
  ])('format %d as %s', (value, words) => expect(number(value)).toBe(words));
  test('have a precision that fits the value', () => {
    expect([took(0.25), took(340), took(3_210), took(120_000)]).toEqual([
      '0.3 ms',
      '340 ms',
      '3.2 s',
      '2 min',
    ]);
    expect([ago(200), ago(5_000), many(1, 'issue'), many(2, 'issue')]).toEqual([
      'just now',
      '5 s ago',
      '1 issue',
      '2 issues',
    ]);
  });
});

describe('the description of a chart', () => {
  const curve = { key: 'a', label: 'A', unit: '%', threshold: 80, times: [0, 5_000, 10_000] };
  test('has the range, the time, and whether it was above its threshold', () => {
    expect(inWords({ ...curve, values: [10, 20, 15] }, 10_000)).toBe(
      'Last 10 s: 10–20 % (peak 00:00:05 UTC).',
    );
    expect(inWords({ ...curve, values: [10, 90, 15] }, 10_000)).toBe(
      'Last 10 s: 10–90 % (peak 00:00:05 UTC); last above threshold 00:00:05 UTC.',
    );
    expect(inWords({ ...curve, values: [10, 10, 10] }, 10_000)).toBe('Steady at 10 % for 10 s.');
    expect(inWords({ ...curve, values: [null, null, null] }, 10_000)).toBe('No reading in the last hour.');
  });
  test('mentions a gap if nothing was read for long', () => {
    const times = [0, 5_000, 10_000, 100_000, 105_000];
    expect(withHoles({ ...curve, times, values: [1, 2, 3, 4, 5] })).toEqual({
      times: [0, 5_000, 10_000, 10_001, 100_000, 105_000],
      values: [1, 2, 3, null, 4, 5],
    });
  });
});
