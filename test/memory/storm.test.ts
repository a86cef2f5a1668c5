import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS as guards } from '../../src/model/guards.js';
import { stormAfter, stormWait } from '../../src/memory/storm.js';

const MINUTE = 60_000;
const NOW = 100 * MINUTE;
const STORM = { since: NOW - MINUTE, lastFailure: NOW - MINUTE };

const at = (...ages: number[]): number[] => ages.map((age) => NOW - age);
/** Listed services, grouped like in an engine. */
const groupOf = (listed: number, badSince: readonly number[]) => [
  { badSince, atLeast: listed < guards.storm.services ? Infinity : Math.floor(listed / 2) + 1 },
];
const begins = (listed: number, ...ages: number[]) =>
  stormAfter(null, groupOf(listed, at(...ages)), NOW, guards);

describe('a storm', () => {
  it('starts when more than half of at least 6 listed services turned bad within a minute', () => {
    expect(begins(6, 0, 0, 0, 59_999)).toEqual({ since: NOW, lastFailure: NOW });
  });

  it.each([
    ['only half of them did', 6, [0, 0, 0]],
    ['there are only 5 of them', 5, [0, 0, 0, 0, 0]],
    ['some have been bad for a minute', 6, [0, 0, 0, MINUTE]],
    ['they turned bad one after another', 6, [0, MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE]],
  ])('does not start when %s', (_why, listed, ages) => {
    expect(begins(listed, ...ages)).toBeNull();
  });

  it('starts when enough failed together, in whatever order they are listed, and others long before', () => {
    expect(begins(8, 50 * MINUTE, 2_000, 90 * MINUTE, 0, 1_000, 3_000, 4_000)).toEqual({
      since: NOW,
      lastFailure: NOW,
    });
  });

  it('lasts from the last failure of the group that failed last', () => {
    const groups = [4 * MINUTE, 2 * MINUTE, 3 * MINUTE].map((age) => ({
      badSince: at(age, age),
      atLeast: 2,
    }));
    expect(stormAfter(null, groups, NOW, guards)?.lastFailure).toBe(NOW - 2 * MINUTE);
  });
});

describe('a storm that started before the first reading', () => {
  it('lasts from its last failure, not from the reading', () => {
    const storm = begins(6, ...Array<number>(6).fill(5 * MINUTE));
    expect(storm).toEqual({ since: NOW, lastFailure: NOW - 5 * MINUTE });
    expect(stormWait(storm!, NOW, guards)).toBe(5 * MINUTE);
  });

  it('starts in its calm phase if it is older than ten minutes', () => {
    const storm = begins(6, ...Array<number>(6).fill(11 * MINUTE));
    expect(stormWait(storm!, NOW, guards)).toBe(0);
  });
});

describe('a storm in progress', () => {
  const goesOn = (now: number, listed: number, ...badSince: number[]) =>
    stormAfter(STORM, groupOf(listed, badSince), now, guards);

  it('lasts ten minutes after the last new failure', () => {
    expect(stormWait(STORM, NOW, guards)).toBe(9 * MINUTE);
    expect(goesOn(NOW, 6, NOW)).toEqual({ ...STORM, lastFailure: NOW });
    expect(stormWait({ ...STORM, lastFailure: NOW }, NOW, guards)).toBe(10 * MINUTE);
  });

  it('is unchanged while nothing changes', () => {
    expect(goesOn(NOW, 6, STORM.since)).toBe(STORM);
  });

  it('ends when none of the services is bad any more', () => {
    expect(goesOn(NOW, 6)).toBeNull();
  });

  it('ends when it is calm, and no more than half of the services are bad', () => {
    const calm = STORM.lastFailure + 10 * MINUTE;
    const three = [STORM.since, STORM.since, STORM.since];
    expect(goesOn(calm - 1, 6, ...three)).toBe(STORM);
    expect(goesOn(calm, 6, ...three)).toBeNull();
    expect(goesOn(calm, 6, ...three, STORM.since)).toBe(STORM);
  });

  it('that is calm goes on while one of two groups still has too many bad ones', () => {
    const calm = STORM.lastFailure + 10 * MINUTE;
    const groups = [1, 3].map((bad) => ({ badSince: Array<number>(bad).fill(STORM.since), atLeast: 3 }));
    expect(stormAfter(STORM, groups, calm, guards)).toBe(STORM);
    expect(stormAfter(STORM, groups.slice(0, 1), calm, guards)).toBeNull();
  });

  it('never ends earlier than ten minutes after a failure that is still present', () => {
    const ages = fc.array(fc.nat({ max: 20 * MINUTE }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(ages, fc.integer({ min: 6, max: 20 }), (bad, listed) => {
        const badSince = at(...bad);
        const after = stormAfter(STORM, groupOf(listed, badSince), NOW, guards);
        expect(after === null).toBe(false);
        expect(after!.lastFailure).toBe(Math.max(STORM.lastFailure, ...badSince));
      }),
    );
  });
});
