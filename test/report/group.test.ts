import { describe, expect, it } from 'vitest';
import { counted, countsOf } from '../../src/report/counted.js';
import { groupBy, namesOf, shapeOf } from '../../src/report/group.js';
import type { HealingResult } from '../../src/model/result.js';
import { issueOf } from '../make.js';

describe('items with a key', () => {
  it('are grouped in the order of the first item of each key', () => {
    expect(groupBy(['b1', 'a1', 'b2'], (item) => item.charAt(0))).toEqual([
      { first: 'b1', items: ['b1', 'b2'] },
      { first: 'a1', items: ['a1'] },
    ]);
    expect(groupBy([], String)).toEqual([]);
  });
});

describe('the shape of a sentence', () => {
  it.each([
    ['has no numbers', '3,000 of 4.5 min left', 'nginx', '# of # min left'],
    ['has no name of its component', 'nginx failed, so nginx waits', 'nginx', '… failed, so … waits'],
    ['has no mount point of its component', '/var is full', 'disk:/var', '… is full'],
    ['keeps a text whose component ends in a colon', 'a: b', 'x:', 'a: b'],
    ['keeps a text without both', 'all is well', ':x', 'all is well'],
  ])('%s', (_what, sentence, component, shape) => {
    expect(shapeOf(sentence, component)).toBe(shape);
  });
});

describe('a list of names', () => {
  const tens = ['a'.repeat(10), 'b'.repeat(10), 'c'.repeat(10)];
  it.each<[string, readonly string[], number | undefined, string]>([
    ['has all that fit', ['a', 'b', 'c'], 80, 'a, b, c'],
    ['has all that fit exactly', tens, 34, tens.join(', ')],
    ['has the number of those that do not fit', tens, 33, `${tens[0]}, ${tens[1]} and 1 more`],
    ['has the first one always', tens, 1, `${tens[0]} and 2 more`],
    [
      'has 80 characters by default',
      ['a'.repeat(40), 'b'.repeat(38), 'c'],
      undefined,
      `${'a'.repeat(40)}, ${'b'.repeat(38)} and 1 more`,
    ],
    [
      'has no more than 80 by default',
      ['a'.repeat(40), 'b'.repeat(39)],
      undefined,
      `${'a'.repeat(40)} and 1 more`,
    ],
  ])('%s', (_what, names, width, text) => {
    expect(namesOf(names, width)).toBe(text);
  });
});

describe('a number with its noun', () => {
  it.each([
    [0, '0 issues'],
    [1, '1 issue'],
    [2, '2 issues'],
  ])('%i: %s', (number, text) => {
    expect(counted(number, 'issue')).toBe(text);
  });
});

describe('the counts of a dry run', () => {
  const service = issueOf();
  const slow = issueOf({ description: 'nginx.service is restarting again and again' });
  const disk = issueOf({
    type: 'resource',
    component: 'disk:/',
    description: 'a.service has failed to clean',
  });
  const planned = (issue = service) => ({ issue, success: true, outcome: 'planned' }) as HealingResult;
  const blocked = (issue = service, blockedBy = 'backoff') =>
    ({ issue, success: false, outcome: 'skipped', blockedBy }) as HealingResult;
  const failed = { issue: service, success: false, outcome: 'failed' } as HealingResult;

  it.each<[string, readonly HealingResult[]]>([
    ['1 service has failed; 1 would be repaired', [planned()]],
    ['2 services have failed; 2 would be repaired', [planned(), planned()]],
    ['1 issue; 1 would be repaired', [planned(disk)]],
    ['2 issues; 2 would be repaired', [planned(slow), planned(disk)]],
    ['1 service has failed, 1 other issue; 2 would be repaired', [planned(), planned(disk)]],
    [
      '3 services have failed, 2 other issues; 1 would be repaired, 4 would not (2 backoff, 1 storm, 1 failed)',
      [planned(), blocked(), blocked(disk), blocked(slow, 'storm'), failed],
    ],
  ])('are %s', (text, results) => {
    expect(countsOf(results)).toBe(text);
  });
});
