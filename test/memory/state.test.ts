import { describe, expect, it } from 'vitest';
import {
  backoffOf,
  breakerOf,
  EMPTY_STATE,
  FRESH_RECORD,
  recordOf,
  recurrences,
  type Act,
} from '../../src/memory/state.js';

const HOUR = 3_600_000;
const NOW = 10 * HOUR;
const FIXED: Act = {
  ...{ at: NOW, component: 'nginx', action: 'restart_service', scope: 'host', outcome: 'fixed' },
  words: '',
};

describe('the recurrences of a component within 4 hours', () => {
  it.each<[string, Partial<Act>, number]>([
    ['include a `fixed` repair just now', {}, 1],
    ['include a `fixed` repair of less than 4 hours ago', { at: NOW - 4 * HOUR + 1 }, 1],
    ['do not include a `fixed` repair of 4 hours ago', { at: NOW - 4 * HOUR }, 0],
    ['do not include a repair that failed', { outcome: 'failed' }, 0],
    ['do not include a `fixed` repair of another component', { component: 'redis' }, 0],
  ])('%s', (_what, change, expected) => {
    const state = { ...EMPTY_STATE, acts: [{ ...FIXED, ...change }] };
    expect(recurrences(state, 'nginx', NOW, 4 * HOUR)).toBe(expected);
  });

  it('are as many as the `fixed` repairs', () => {
    expect(recurrences({ ...EMPTY_STATE, acts: [FIXED, FIXED, FIXED] }, 'nginx', NOW, 4 * HOUR)).toBe(3);
  });
});

describe('an engine without any history', () => {
  it('blocks nothing: no backoff, closed breaker, no storm, no pause', () => {
    expect(EMPTY_STATE).toEqual({
      ...{ version: 2, savedAt: 0, cautious: false, components: {}, acts: [], storm: null, pauses: {} },
      ...{ approvals: [], intents: [] },
      generations: { running: null, systems: {}, lastChange: null, repeat: null },
    });
    expect(recordOf(EMPTY_STATE, 'nginx')).toEqual({
      ...{ backoff: {}, failures: 0, strikes: 0, relapses: 0, fixed: null, breakerUntil: null },
      ...{ openings: [], needsHumanSince: null, healthySince: null, useless: null },
    });
  });
});

describe('names that are properties of every object', () => {
  it.each(['constructor', 'toString', '__proto__'])('have no record and no backoff: %s', (name) => {
    expect(recordOf(EMPTY_STATE, name)).toBe(FRESH_RECORD);
    expect(backoffOf(FRESH_RECORD, name)).toBeUndefined();
  });
});

describe('the breaker of a component', () => {
  it('that was never seen is half-open at any time after a lost state', () => {
    const lost = { ...EMPTY_STATE, cautious: true };
    expect([0, NOW].map((now) => breakerOf(recordOf(lost, 'nginx'), now))).toEqual([
      'half-open',
      'half-open',
    ]);
  });

  it.each([
    [null, 'closed'],
    [NOW + 1, 'open'],
    [NOW, 'half-open'],
    [0, 'half-open'],
  ] as const)('that is set until %j is %s', (breakerUntil, expected) => {
    expect(breakerOf({ ...FRESH_RECORD, breakerUntil }, NOW)).toBe(expected);
  });
});
