import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { approvalId, reject, requestApproval } from '../../src/memory/approvals.js';
import { recordAct } from '../../src/memory/record-act.js';
import {
  beginHealth,
  recordHealth,
  recordUnhealthy,
  resetComponent,
  undoReset,
  waitMs,
} from '../../src/memory/component-record.js';
import {
  breakerOf,
  EMPTY_STATE,
  FRESH_RECORD,
  recordOf,
  type Act,
  type ComponentRecord,
  type GuardState,
} from '../../src/memory/state.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const guards = DEFAULT_GUARDS;

const actOf = (more: Partial<Act> = {}): Act => ({
  at: 0,
  component: 'nginx',
  action: 'restart_service',
  scope: 'host',
  outcome: 'ineffective',
  words: 'it did not help',
  ...more,
});

const act = (state: GuardState, more: Partial<Act> = {}, chance = 0): GuardState =>
  recordAct(state, actOf(more), guards, { chance });

const nginx = (state: GuardState) => recordOf(state, 'nginx');

/** Returns the waits after a series of repairs, each made as early as possible, in minutes. */
function waits(outcomes: readonly Act['outcome'][]): number[] {
  let state = EMPTY_STATE;
  let at = 0;
  return outcomes.map((outcome) => {
    state = act(state, { at, outcome });
    const { until } = nginx(state).backoff['restart_service']!;
    const wait = until - at;
    at = until;
    return wait / MINUTE;
  });
}

/** Rejects an action of nginx. */
function refused(state: GuardState, action: string, at: number, given = guards): GuardState {
  const asked = { digest: 'digest', component: 'nginx', action, reason: 'It restarts nginx', askedAt: 0 };
  return reject(requestApproval(state, asked), approvalId('digest'), at, given, 0);
}

/** Records ok readings every minute between two times. */
function healthy(state: GuardState, from: number, to: number): GuardState {
  let next = state;
  for (let now = from; now <= to; now += MINUTE) next = recordHealth(next, 'nginx', now, guards);
  return next;
}

describe('the backoff', () => {
  it('grows from 1 to 10 minutes while repairs are ineffective', () => {
    expect(waits(Array<Act['outcome']>(6).fill('ineffective'))).toEqual([1, 2, 4, 8, 10, 10]);
  });

  it('permits one repair right after the first effective one', () => {
    expect(waits(Array<Act['outcome']>(6).fill('fixed'))).toEqual([0, 1, 2, 4, 8, 10]);
  });

  it('counts every repair since the component was healthy, effective or not', () => {
    expect(waits(['ineffective', 'fixed', 'failed', 'fixed'])).toEqual([1, 1, 4, 4]);
  });

  it('has a random addition of up to a tenth', () => {
    expect(nginx(act(EMPTY_STATE, {}, 0.999)).backoff['restart_service']?.until).toBeCloseTo(MINUTE * 1.0999);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (chance) => {
        const { until } = nginx(act(EMPTY_STATE, {}, chance)).backoff['restart_service']!;
        expect(until).toBeGreaterThanOrEqual(MINUTE);
        expect(until).toBeLessThanOrEqual(1.1 * MINUTE);
      }),
    );
  });

  it('is separate for each action', () => {
    const state = act(act(EMPTY_STATE), { action: 'reload_service' });
    expect(Object.entries(nginx(state).backoff).map(([name, { count }]) => [name, count])).toEqual([
      ['restart_service', 1],
      ['reload_service', 1],
    ]);
  });

  it('also applies after a rejection', () => {
    const state = refused(act(EMPTY_STATE), 'restart_service', 5 * MINUTE);
    expect(nginx(state)).toMatchObject({
      failures: 1,
      backoff: { restart_service: { count: 2, since: 5 * MINUTE, until: 7 * MINUTE } },
    });
  });

  it('starts with the shortest wait after the rejection of an action that was never tried', () => {
    const state = refused(act(EMPTY_STATE), 'reload_service', 5 * MINUTE);
    expect(nginx(state).backoff['reload_service']).toEqual({
      count: 1,
      since: 5 * MINUTE,
      until: 6 * MINUTE,
    });
  });

  it.each(['constructor', 'toString', '__proto__'])('has no entry for an action called %s', (action) => {
    const state = act(EMPTY_STATE, { action });
    expect(Object.keys(nginx(state).backoff)).toEqual([action]);
    expect(Object.values(nginx(state).backoff)).toEqual([{ count: 1, since: 0, until: MINUTE }]);
  });
});

describe('the breaker', () => {
  const three = [0, 1, 2].reduce((state, at) => act(state, { at: at * MINUTE }), EMPTY_STATE);

  it('opens for an hour after three attempts in a row that were not `fixed`', () => {
    const two = act(act(EMPTY_STATE), { at: MINUTE, outcome: 'failed' });
    expect(breakerOf(nginx(two), MINUTE)).toBe('closed');
    expect(nginx(three)).toMatchObject({
      failures: 3,
      breakerUntil: 2 * MINUTE + HOUR,
      openings: [2 * MINUTE],
    });
    expect(breakerOf(nginx(three), 2 * MINUTE + HOUR - 1)).toBe('open');
    expect(breakerOf(nginx(three), 2 * MINUTE + HOUR)).toBe('half-open');
  });

  it('restarts the count after a `fixed` attempt', () => {
    const outcomes = ['failed', 'failed', 'fixed', 'failed', 'failed'] as const;
    const state = outcomes.reduce((next, outcome, at) => act(next, { at, outcome }), EMPTY_STATE);
    expect(nginx(state)).toMatchObject({ failures: 2, breakerUntil: null });
  });

  it('permits one attempt when half-open, which closes it or opens it again at once', () => {
    const at = 2 * MINUTE + HOUR;
    expect(nginx(act(three, { at, outcome: 'fixed' }))).toMatchObject({ failures: 0, breakerUntil: null });
    expect(nginx(act(three, { at }))).toMatchObject({
      failures: 4,
      breakerUntil: at + HOUR,
      openings: [2 * MINUTE, at],
    });
  });

  it('requires manual attention after it has opened five times within a day', () => {
    let state = three;
    for (let opening = 2; opening <= 5; opening += 1) {
      expect(nginx(state).needsHumanSince).toBeNull();
      state = act(state, { at: nginx(state).breakerUntil! });
    }
    expect(nginx(state)).toMatchObject({ needsHumanSince: 2 * MINUTE + 4 * HOUR, failures: 7 });
  });

  it('does not require manual attention if the openings are further apart', () => {
    let state = three;
    for (let opening = 2; opening <= 9; opening += 1) state = act(state, { at: opening * 7 * HOUR });
    expect(nginx(state).openings.length).toBeLessThan(5);
    expect(nginx(state).needsHumanSince).toBeNull();
  });

  it('is not changed by a switch that is only verified after a reboot', () => {
    const state = act(EMPTY_STATE, { outcome: 'pending-reboot' });
    expect(state.acts).toHaveLength(1);
    expect(state.components).toEqual({});
  });

  it('is half-open after a lost state and permits one attempt', () => {
    const lost = { ...EMPTY_STATE, cautious: true };
    expect(breakerOf(nginx(lost), 5)).toBe('half-open');
    expect(breakerOf(nginx(act(lost, { at: 5 })), 6)).toBe('open');
    expect(breakerOf(nginx(act(lost, { at: 5, outcome: 'fixed' })), 6)).toBe('closed');
  });
});

describe('the health of a component', () => {
  const tired = [0, 1, 2].reduce((state, at) => act(state, { at }), EMPTY_STATE);

  it('for ten minutes without interruption resets backoff and breaker', () => {
    expect(nginx(healthy(tired, MINUTE, 10 * MINUTE))).toMatchObject({ failures: 3 });
    expect(nginx(healthy(tired, MINUTE, 11 * MINUTE))).toMatchObject({
      backoff: {},
      failures: 0,
      breakerUntil: null,
      useless: null,
    });
  });

  it('is counted again from the start after a bad reading, and after a repair', () => {
    const broken = recordUnhealthy(healthy(tired, MINUTE, 9 * MINUTE), 'nginx');
    expect(nginx(healthy(broken, 10 * MINUTE, 19 * MINUTE)).failures).toBe(3);
    const repaired = act(healthy(tired, MINUTE, 9 * MINUTE), { at: 9 * MINUTE, outcome: 'fixed' });
    expect(nginx(repaired).healthySince).toBeNull();
    expect(nginx(healthy(repaired, 10 * MINUTE, 19 * MINUTE)).backoff).not.toEqual({});
  });

  it('for ten minutes does not reset `needs-human`, but for a day does', () => {
    let state = tired;
    for (let opening = 2; opening <= 5; opening += 1) state = act(state, { at: nginx(state).breakerUntil! });
    const from = 5 * HOUR;
    expect(nginx(healthy(state, from, from + HOUR)).needsHumanSince).not.toBeNull();
    expect(nginx(healthy(state, from, from + DAY - MINUTE)).needsHumanSince).not.toBeNull();
    expect(healthy(state, from, from + DAY).components).toEqual({});
  });

  it('without a record leaves no record, but ends the caution after a lost state', () => {
    expect(healthy(EMPTY_STATE, 0, HOUR)).toBe(EMPTY_STATE);
    const lost = healthy({ ...EMPTY_STATE, cautious: true }, 0, 10 * MINUTE);
    expect(breakerOf(nginx(lost), 10 * MINUTE)).toBe('closed');
  });

  it('and bad readings that change nothing return the same state, so that nothing is saved', () => {
    const well = healthy(tired, MINUTE, 30 * MINUTE);
    expect(recordHealth(well, 'nginx', 31 * MINUTE, guards)).toBe(well);
    expect(recordUnhealthy(tired, 'nginx')).toBe(tired);
    expect(recordUnhealthy(tired, 'redis')).toBe(tired);
  });
});

describe('lasting health', () => {
  it.each<[string, Partial<ComponentRecord>]>([
    ['failures', { failures: 2 }],
    ['strikes', { strikes: 2 }],
    ['relapses', { relapses: 2 }],
    ['as many relapses as failures', { failures: 2, relapses: 2 }],
    ['as many strikes as failures', { failures: 2, strikes: 2 }],
    ['backoff', { backoff: { restart_service: { count: 1, since: 0, until: 1 } } }],
    ['breaker', { breakerUntil: 5 }],
    ['useless repair', { useless: { action: 'clean', value: 97 } }],
  ])('of ten minutes resets the %s of a component', (_what, change) => {
    const record = { ...FRESH_RECORD, healthySince: 0 };
    const state = { ...EMPTY_STATE, components: { nginx: { ...record, ...change } } };
    expect(nginx(recordHealth(state, 'nginx', 10 * MINUTE - 1, guards))).toEqual({ ...record, ...change });
    expect(nginx(recordHealth(state, 'nginx', 10 * MINUTE, guards))).toEqual(record);
  });

  it('can begin for a component without a record, and does not begin again while it lasts', () => {
    const begun = beginHealth(EMPTY_STATE, 'nginx', 7);
    expect(begun.components).toEqual({ nginx: { ...FRESH_RECORD, healthySince: 7 } });
    expect(nginx(beginHealth(begun, 'nginx', 9)).healthySince).toBe(7);
  });
});

describe('a bad reading', () => {
  it('of a component without a record leaves no record, even after a lost state', () => {
    const lost = { ...EMPTY_STATE, cautious: true };
    expect(recordUnhealthy(lost, 'nginx')).toBe(lost);
  });
});

describe('the longest backoff', () => {
  it('is a number, however large the factor and the count are: NaN would block forever', () => {
    const growing = (factor: number) => ({
      ...guards,
      backoff: { ...guards.backoff, firstMs: 1, factor, maxMs: Infinity },
    });
    expect(waitMs(1_000, growing(100), 0)).toBe(Number.MAX_VALUE);
    expect(waitMs(3, growing(2), 0)).toBe(8);
    const extreme = { ...guards, backoff: { ...guards.backoff, firstMs: 0, factor: 100 } };
    const backoff = { restart_service: { count: 1_000, since: 0, until: 0 } };
    const state = { ...EMPTY_STATE, components: { nginx: { ...FRESH_RECORD, backoff } } };
    const after = refused(state, 'restart_service', 7, extreme);
    expect(nginx(after).backoff['restart_service']?.until).toBe(7);
  });
});

describe('reset() of a component', () => {
  it('removes its failures, and keeps its acts', () => {
    const state = act(act(EMPTY_STATE), { component: 'redis' });
    const reset = resetComponent(state, 'nginx');
    expect(Object.keys(reset.components)).toEqual(['redis']);
    expect(reset.acts).toHaveLength(2);
  });

  it('ends the caution after a lost state', () => {
    const reset = resetComponent({ ...EMPTY_STATE, cautious: true }, 'nginx');
    expect(breakerOf(nginx(reset), 5)).toBe('closed');
    expect(breakerOf(recordOf(reset, 'redis'), 5)).toBe('half-open');
  });

  it('that could not be saved is undone, and changes of other components are kept', () => {
    const before = act(EMPTY_STATE);
    const later = act(resetComponent(before, 'nginx'), { component: 'redis' });
    const restored = undoReset(later, before, 'nginx').components;
    expect(restored).toEqual({ nginx: before.components['nginx'], redis: later.components['redis'] });
  });

  it('that could not be saved leaves no record if there was none', () => {
    const lost = { ...EMPTY_STATE, cautious: true };
    expect(undoReset(resetComponent(lost, 'nginx'), lost, 'nginx').components).toStrictEqual({});
  });

  it.each(['constructor', '__proto__'])(
    'that could not be saved is undone for a component called %s',
    (name) => {
      expect(Object.entries(undoReset(EMPTY_STATE, EMPTY_STATE, name).components)).toEqual([]);
      const before = act(EMPTY_STATE, { component: name });
      const restored = undoReset(resetComponent(before, name), before, name);
      expect(recordOf(restored, name)).toMatchObject({ failures: 1 });
    },
  );
});

describe('a repair of a resource', () => {
  const disk = (before: number, after: number, outcome: Act['outcome'] = 'ineffective') =>
    recordOf(
      recordAct(EMPTY_STATE, actOf({ component: 'disk:/', action: 'clean', outcome }), guards, {
        chance: 0,
        effect: { before, after },
      }),
      'disk:/',
    ).useless;

  it.each([
    [97, 97],
    [97, 95],
    [97, 99],
  ])('from %d to %d gained nothing', (before, after) => {
    expect(disk(before, after)).toEqual({ action: 'clean', value: after });
  });

  it.each([
    [97, 94],
    [100, 97],
  ])('from %d to %d gained something, though not enough', (before, after) => {
    expect(disk(before, after)).toBeNull();
  });

  it('that is fixed, or could not be executed, does not count as one that gained nothing', () => {
    expect(disk(97, 97, 'fixed')).toBeNull();
    expect(disk(97, 97, 'failed')).toBeNull();
  });
});

describe('the record of a component', () => {
  it('keeps the acts of a day, oldest first', () => {
    const state = [0, HOUR, DAY - 1, DAY].reduce((next, at) => act(next, { at }), EMPTY_STATE);
    expect(state.acts.map(({ at }) => at)).toEqual([HOUR, DAY - 1, DAY]);
  });

  it('removes only the intent of its act', () => {
    const intent = { at: 0, action: 'restart_service', bootId: 'b' };
    const intents = [
      { ...intent, component: 'nginx', scope: 'host' as const },
      { ...intent, component: 'nginx', scope: 'process' as const },
      { ...intent, component: 'redis', scope: 'host' as const },
    ];
    expect(act({ ...EMPTY_STATE, intents }).intents).toEqual(intents.slice(1));
  });

  it('extends a storm after an ineffective repair', () => {
    const storm = { since: 0, lastFailure: 0 };
    expect(act({ ...EMPTY_STATE, storm }, { at: 7 }).storm).toEqual({ since: 0, lastFailure: 7 });
    expect(act({ ...EMPTY_STATE, storm }, { at: 7, outcome: 'fixed' }).storm).toEqual(storm);
  });

  it('never modifies its input', () => {
    const frozen = Object.freeze({ ...EMPTY_STATE, components: Object.freeze({}), acts: Object.freeze([]) });
    expect(() => act(act(frozen as unknown as GuardState))).not.toThrow();
    expect(frozen).toMatchObject({ components: {}, acts: [] });
  });
});
