import { describe, expect, it } from 'vitest';
import { boundState, outOfBoundsWarning } from '../../src/memory/bound-state.js';
import { Bounds, LATEST, LONGEST_LIST, LONGEST_NAME } from '../../src/memory/bounds.js';
import {
  EMPTY_STATE,
  FRESH_RECORD,
  type Act,
  type Approval,
  type ComponentRecord,
  type GuardState,
  type LastFix,
  type Undo,
} from '../../src/memory/state.js';
import type { SystemRecord, UnitRecord } from '../../src/memory/generations.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';

const WALL = Date.UTC(2026, 10, 28);
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const LATER = WALL + 1;
const bounded = (change: Partial<GuardState>, wall = WALL) =>
  boundState({ ...EMPTY_STATE, savedAt: WALL, ...change }, wall, DEFAULT_GUARDS);

const FIX: LastFix = {
  ...{ at: WALL, action: 'restart_service', check: 'services', bootId: 'b', system: null },
  ...{ gained: null, strikes: 0, probation: false },
};
const ACT: Act = {
  ...{ at: WALL, component: 'nginx', action: 'restart_service', scope: 'host', outcome: 'fixed' },
  words: '',
};
const INTENT = { ...ACT, bootId: 'b' };
const DIGEST = 'd'.repeat(64);
const APPROVAL: Approval = {
  ...{ id: DIGEST.slice(0, 8), digest: DIGEST, component: 'nginx', action: 'restart_service' },
  ...{ reason: 'It is evening', askedAt: WALL, answer: 'yes' },
};
const UNDO: Undo = {
  ...{ at: WALL, component: 'cpu', action: 'set_cpu_governor', parameters: { governor: 'a' } },
  ...{ bootId: 'b', until: 0 },
};
const UNIT: UnitRecord = {
  ...{ run: 'a', activeSince: null, activeUntil: null, healthy: true, failedAt: null, failing: false },
};
const SYSTEM: SystemRecord = {
  ...{ previous: null, enteredAt: 0, seenAt: WALL, quietSince: 0, blindMs: 0, good: true, bad: null },
  units: {},
};
const systemWith = (change: Partial<SystemRecord>): Partial<GuardState> => ({
  generations: { ...EMPTY_STATE.generations, systems: { '/a': { ...SYSTEM, ...change } } },
});
const unitWith = (change: Partial<UnitRecord>) =>
  systemWith({ units: { 'a.service': { ...UNIT, ...change } } });
const nginx = (change: Partial<ComponentRecord>): Partial<GuardState> => ({
  components: { nginx: { ...FRESH_RECORD, ...change } },
});
const many = (count: number) => Array.from({ length: count }, (_, index) => index);
const mapOf = <T>(count: number, entry: T): Record<string, T> =>
  Object.fromEntries(many(count).map((index) => [`n${index}`, entry]));

describe('a loaded state within the bounds is not changed:', () => {
  it.each<[string, Partial<GuardState>]>([
    ['saved at the epoch', { savedAt: 0 }],
    ['a storm at the epoch', { storm: { since: 0, lastFailure: 0 } }],
    ['a backoff that ends after the longest wait', backoffUntil(WALL + 11 * MINUTE)],
    ['a backoff that ends when it begins', backoffUntil(WALL - MINUTE)],
    ['a backoff after 1,000 repairs', backoffUntil(WALL, 1_000)],
    ['the highest counts', nginx({ failures: 3_000, strikes: 3_000, relapses: 1_000 })],
    ['the highest strikes before a fix', nginx({ fixed: { ...FIX, strikes: 3_000 } })],
    ['a half-open breaker', nginx({ breakerUntil: 0 })],
    ['a breaker that was just opened', nginx({ breakerUntil: WALL + 60 * MINUTE })],
    ['health and `needs-human` since now', nginx({ needsHumanSince: WALL, healthySince: WALL })],
    ['an approval that was given now', { approvals: [APPROVAL] }],
    ['an undo that waits as long as allowed', { undo: [{ ...UNDO, until: WALL + 10 * MINUTE }] }],
    ['a system that was never seen for as long as possible', systemWith({ blindMs: LATEST })],
    ['a unit with times', unitWith({ activeSince: 0, activeUntil: WALL, failedAt: WALL })],
    ['a unit without times', unitWith({})],
    ['as many backoffs as allowed', nginx({ backoff: backoffs(LONGEST_LIST) })],
    ['as many components as allowed', { components: mapOf(LONGEST_LIST, FRESH_RECORD) }],
    ['a name of 8,192 characters', { components: { ['x'.repeat(LONGEST_NAME)]: FRESH_RECORD } }],
  ])('%s', (_what, change) => {
    expect(bounded(change)).toEqual({
      state: { ...EMPTY_STATE, savedAt: WALL, ...change },
      now: WALL,
      found: [],
    });
  });
});

describe('a value out of bounds is corrected, and its place is reported:', () => {
  const record = (change: Partial<ComponentRecord>) => ({ components: { nginx: change } });
  it.each<[string, Partial<GuardState>, object]>([
    ['savedAt', { savedAt: -1 }, { savedAt: WALL }],
    ['acts[0]', { acts: [{ ...ACT, words: 'x'.repeat(8_193) }] }, { acts: [{ words: 'x'.repeat(8_192) }] }],
    ['acts[0].at', { acts: [{ ...ACT, at: LATER }] }, { acts: [{ at: WALL }] }],
    ['intents[0].at', { intents: [{ ...INTENT, at: -1 }] }, { intents: [{ at: WALL }] }],
    ['storm.since', { storm: { since: LATER, lastFailure: 1 } }, { storm: { since: WALL, lastFailure: 1 } }],
    ['storm.lastFailure', { storm: { since: 1, lastFailure: LATER } }, { storm: { lastFailure: WALL } }],
    ['pauses.backup', { pauses: { backup: LATER } }, { pauses: { backup: WALL } }],
    ['pauses', { pauses: { ['x'.repeat(8_193)]: 5 } }, { pauses: { ['x'.repeat(8_192)]: 5 } }],
    [
      'approvals[0].askedAt',
      { approvals: [{ ...APPROVAL, askedAt: LATER }] },
      { approvals: [{ ...APPROVAL, askedAt: WALL, answer: 'waiting' }] },
    ],
    ['approvals[1]', { approvals: [APPROVAL, APPROVAL] }, { approvals: [APPROVAL] }],
    ['approvals[0]', { approvals: [{ ...APPROVAL, id: 'other' }] }, { approvals: [] }],
    ['undo[0].at', { undo: [{ ...UNDO, at: LATER }] }, { undo: [UNDO] }],
    [
      'undo[0].until',
      { undo: [{ ...UNDO, until: WALL + 10 * MINUTE + 1 }] },
      { undo: [{ until: WALL + 10 * MINUTE }] },
    ],
    ['undo[1]', { undo: [UNDO, { ...UNDO, at: 5 }] }, { undo: [UNDO] }],
    [
      'components.nginx.backoff.a.until',
      backoffUntil(WALL + 11 * MINUTE + 1),
      record({ backoff: { a: { count: 1, since: WALL - MINUTE, until: WALL + 11 * MINUTE } } }),
    ],
    [
      'components.nginx.backoff.a.until',
      backoffUntil(WALL - MINUTE - 1),
      record({ backoff: { a: { count: 1, since: WALL - MINUTE, until: WALL + 11 * MINUTE } } }),
    ],
    [
      'components.nginx.backoff.a.count',
      backoffUntil(WALL, 1_001),
      record({ backoff: { a: { count: 1_000, since: WALL - MINUTE, until: WALL } } }),
    ],
    ['components.nginx.failures', nginx({ failures: 3_001 }), record({ failures: 3 })],
    ['components.nginx.failures', nginx({ failures: -1 }), record({ failures: 3 })],
    ['components.nginx.failures', nginx({ failures: 0.5 }), record({ failures: 3 })],
    ['components.nginx.strikes', nginx({ strikes: 3_001 }), record({ strikes: 2 })],
    ['components.nginx.relapses', nginx({ relapses: 1_001 }), record({ relapses: 1_000 })],
    ['components.nginx.fixed.at', nginx({ fixed: { ...FIX, at: LATER } }), record({ fixed: FIX })],
    [
      'components.nginx.fixed.strikes',
      nginx({ fixed: { ...FIX, strikes: 3_001 } }),
      record({ fixed: { ...FIX, strikes: 2 } }),
    ],
    [
      'components.nginx.breakerUntil',
      nginx({ breakerUntil: WALL + 60 * MINUTE + 1 }),
      record({ breakerUntil: WALL + 60 * MINUTE }),
    ],
    ['components.nginx.openings[1]', nginx({ openings: [5, LATER] }), record({ openings: [5, WALL] })],
    ['components.nginx.needsHumanSince', nginx({ needsHumanSince: -1 }), record({ needsHumanSince: WALL })],
    ['components.nginx.healthySince', nginx({ healthySince: LATER }), record({ healthySince: WALL })],
    [
      'generations.lastChange.at',
      {
        generations: {
          ...EMPTY_STATE.generations,
          lastChange: { at: -1, action: 'x', from: '/a', to: null },
        },
      },
      { generations: { lastChange: { at: WALL, from: '/a' } } },
    ],
  ])('%s', (path, change, expected) => {
    const { state, found } = bounded(change);
    expect(found).toEqual([path]);
    expect(state).toMatchObject(expected);
  });

  it('the times of a unit under a system, which drop its record', () => {
    for (const field of ['activeSince', 'activeUntil', 'failedAt']) {
      const { state, found } = bounded(unitWith({ [field]: LATER }));
      expect([field, found]).toEqual([field, ['generations.systems./a.units.a.service']]);
      expect(state.generations.systems['/a']).toEqual(SYSTEM);
    }
  });

  it.each<Partial<SystemRecord>>([
    { enteredAt: -1 },
    { seenAt: LATER },
    { quietSince: LATER },
    { blindMs: -1 },
    { blindMs: LATEST + 1 },
  ])('the times of a system, which drop its evidence: %o', (change) => {
    const { state, found } = bounded(systemWith({ ...change, units: { 'a.service': UNIT } }));
    expect(found).toEqual(['generations.systems./a']);
    const dropped = { enteredAt: WALL, seenAt: WALL, quietSince: WALL, blindMs: 0, good: false, units: {} };
    expect(state.generations.systems['/a']).toEqual({ ...SYSTEM, ...dropped });
  });

  it('the time at which a system was marked as bad, which stays marked', () => {
    const { state, found } = bounded(systemWith({ bad: { at: LATER, why: 'it broke nginx' } }));
    expect(found).toEqual(['generations.systems./a.bad.at']);
    expect(state.generations.systems['/a']?.bad).toEqual({ at: WALL, why: 'it broke nginx' });
  });
});

describe('a loaded state keeps at most', () => {
  it('10,000 components, and is cautious once some were dropped', () => {
    const { state, found } = bounded({ components: mapOf(LONGEST_LIST + 1, FRESH_RECORD) });
    expect(Object.keys(state.components)).toHaveLength(LONGEST_LIST);
    expect([state.cautious, found]).toEqual([true, ['components']]);
  });

  it('10,000 backoffs of a component, which is on probation once some were dropped', () => {
    const { state, found } = bounded(nginx({ backoff: backoffs(LONGEST_LIST + 1) }));
    expect(state.components['nginx']?.breakerUntil).toBe(0);
    expect(found).toEqual(['components.nginx.backoff']);
    const open = { breakerUntil: WALL + 1, backoff: backoffs(LONGEST_LIST + 1) };
    expect(bounded(nginx(open)).state.components['nginx']?.breakerUntil).toBe(WALL + 1);
  });

  it('10,000 acts, the newest', () => {
    const acts = many(LONGEST_LIST + 1).map((at) => ({ ...ACT, at }));
    const { state, found } = bounded({ acts });
    expect([state.acts.length, state.acts[0]?.at, found]).toEqual([LONGEST_LIST, 1, ['acts']]);
  });

  it('10,000 pauses, the last ones', () => {
    const { state, found } = bounded({ pauses: mapOf(LONGEST_LIST + 1, 5) });
    expect([Object.keys(state.pauses).length, found]).toEqual([LONGEST_LIST, ['pauses']]);
    expect(state.pauses).not.toHaveProperty('n0');
  });

  it('100 undos, the oldest; those of another component, action or parameters are others', () => {
    const undo = many(101).map((index) => ({ ...UNDO, component: `c${index}` }));
    expect(bounded({ undo: undo.slice(0, 100) })).toMatchObject({
      state: { undo: { length: 100 } },
      found: [],
    });
    const { state, found } = bounded({ undo });
    expect([state.undo?.length, state.undo?.at(-1)?.component, found]).toEqual([100, 'c99', ['undo[100]']]);
    const others = [UNDO, { ...UNDO, component: 'm' }, { ...UNDO, action: 'm' }, { ...UNDO, parameters: {} }];
    expect(bounded({ undo: others }).state.undo).toEqual(others);
  });
});

describe('the time at which a loaded state goes on, after the wall clock was set back by years,', () => {
  const SAVED = WALL + 50 * 365 * DAY;
  const recorded: readonly [string, (at: number) => Partial<GuardState>][] = [
    ['a repair', (at) => ({ acts: [{ ...ACT, at }] })],
    ['a repair in progress', (at) => ({ intents: [{ ...INTENT, at }] })],
    ['a backoff', (at) => nginx({ backoff: { a: { count: 1, since: at, until: at } } })],
    ['an opening of a breaker', (at) => nginx({ openings: [at] })],
    ['a proof', (at) => nginx({ fixed: { ...FIX, at } })],
    ['`needs-human`', (at) => nginx({ needsHumanSince: at })],
    ['an approval', (at) => ({ approvals: [{ ...APPROVAL, askedAt: at }] })],
    ['a pause', (at) => ({ pauses: { backup: at } })],
    ['a storm', (at) => ({ storm: { since: at, lastFailure: at } })],
    ['an observation of a system', (at) => systemWith({ seenAt: at })],
  ];

  it.each(recorded)('is the time of saving if there is %s from the day before it', (_what, at) => {
    expect(bounded({ savedAt: SAVED, ...at(SAVED - DAY) }).now).toBe(SAVED);
    expect(bounded({ savedAt: SAVED, ...at(SAVED) }).now).toBe(SAVED);
  });

  it.each(recorded)('is that of the last record if the time of saving is later by more: %s', (_what, at) => {
    expect(bounded({ savedAt: SAVED, ...at(SAVED - DAY - 1) }).now).toBe(SAVED - DAY - 1);
  });

  it('is not taken from a record later than the time of saving, nor from one before the wall clock', () => {
    expect(bounded({ savedAt: SAVED, pauses: { backup: SAVED + 1 } }).now).toBe(WALL);
    expect(bounded({ savedAt: SAVED, pauses: { backup: WALL - 1 } }).now).toBe(WALL);
    expect(bounded({ savedAt: SAVED }).now).toBe(WALL);
  });

  it('is at most the end of the year 9999', () => {
    const at = (time: number) => bounded({ savedAt: time, pauses: { backup: time } }).now;
    expect([at(LATEST), at(LATEST + 1)]).toEqual([LATEST, WALL]);
    expect(new Date(LATEST).toISOString()).toBe('9999-12-31T23:59:59.999Z');
  });
});

describe('the warning about values out of bounds', () => {
  it.each([
    [['acts'], 'The state has 1 value out of bounds, which were clamped or dropped: acts'],
    [['a', 'b', 'c'], 'The state has 3 values out of bounds, which were clamped or dropped: a, b, c'],
    [['a', 'b', 'c', 'd'], 'The state has 4 values out of bounds, which were clamped or dropped: a, b, c, …'],
  ])('names at most three of %j', (found, warning) => {
    expect(outOfBoundsWarning(found)).toBe(warning);
  });

  it('truncates a path after 80 characters', () => {
    const [kept, cut] = [80, 81].map((length) => outOfBoundsWarning([`${'x'.repeat(length - 1)}y`]));
    expect(kept).toMatch(/ x{79}y$/);
    expect(cut).toMatch(/ x{80}…$/);
  });
});

describe('the bounds of one value', () => {
  it('drop an entry of a list or a map for which nothing is left', () => {
    const bounds = new Bounds(WALL);
    const positive = (value: number) => (value > 0 ? value : undefined);
    expect(bounds.list([1, -1, 2], 'x', positive)).toEqual([1, 2]);
    expect(bounds.map({ a: 1, b: -1 }, 'x', positive)).toStrictEqual({ a: 1 });
  });

  it('drop an entry of a map whose name is too long, and keep a text of 8,192 characters', () => {
    const bounds = new Bounds(WALL);
    expect(bounds.map({ ['x'.repeat(LONGEST_NAME + 1)]: 1, a: 2 }, 'x', (value) => value)).toEqual({ a: 2 });
    expect(bounds.name('x'.repeat(LONGEST_NAME), 'words')).toHaveLength(LONGEST_NAME);
    expect(bounds.found).toEqual(['x']);
  });
});

function backoffUntil(until: number, count = 1): Partial<GuardState> {
  return nginx({ backoff: { a: { count, since: WALL - MINUTE, until } } });
}
function backoffs(count: number): ComponentRecord['backoff'] {
  return mapOf(count, { count: 1, since: 1, until: 1 });
}
