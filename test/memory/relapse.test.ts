import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS as guards } from '../../src/model/guards.js';
import { recordAct, recordRelapse, relapsedFix } from '../../src/memory/record-act.js';
import { breakerOf, EMPTY_STATE, recordOf, type Act, type GuardState } from '../../src/memory/state.js';
import type { Issue } from '../../src/model/issue.js';
import { issueOf } from '../make.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const ISSUE = issueOf({ check: 'services' });

interface Fix {
  readonly at: number;
  readonly outcome?: Act['outcome'];
  readonly effect?: { readonly before: number; readonly after: number };
}
const repaired = (
  state: GuardState,
  { at, outcome = 'fixed', effect }: Fix,
  component = 'nginx',
): GuardState =>
  recordAct(
    state,
    { at, component, action: 'restart_service', scope: 'host', outcome, words: 'as read again' },
    guards,
    { chance: 0, check: 'services', bootId: 'boot', effect },
  );
const fixOf = (state: GuardState, now: number, issue: Issue = ISSUE, bootId = 'boot') =>
  relapsedFix(state, issue, { now, bootId, guards });
const relapsed = (state: GuardState, now: number): GuardState => {
  const fix = fixOf(state, now);
  return fix ? recordRelapse(state, ISSUE, fix, { now, chance: 0, guards }) : state;
};
const nginx = (state: GuardState) => recordOf(state, 'nginx');
const FIXED = repaired(EMPTY_STATE, { at: 0 });

describe('a repair has relapsed', () => {
  it('if the same check opens the same component again within 10 min of `fixed`', () => {
    expect(fixOf(FIXED, 10 * MINUTE)).toMatchObject({ at: 0, action: 'restart_service' });
  });

  it.each<[string, () => ReturnType<typeof fixOf>]>([
    ['after more than 10 min', () => fixOf(FIXED, 10 * MINUTE + 1)],
    [
      'for a fix in the future of a clock that was set back',
      () => fixOf(repaired(EMPTY_STATE, { at: 5 }), 4),
    ],
    ['when another check opens it', () => fixOf(FIXED, MINUTE, issueOf({ check: 'http' }))],
    [
      'when another component opens',
      () => fixOf(FIXED, MINUTE, issueOf({ component: 'redis', check: 'services' })),
    ],
    [
      'when it is LOW because a person stopped it',
      () => fixOf(FIXED, MINUTE, issueOf({ check: 'services', severity: 1 })),
    ],
    [
      'when it is down because of another unit',
      () => fixOf(FIXED, MINUTE, { ...ISSUE, becauseOf: 'base.service' }),
    ],
    ['when the host was booted in between', () => fixOf(FIXED, MINUTE, ISSUE, 'the next boot')],
    [
      'when the system was switched in between',
      () => fixOf({ ...FIXED, generations: { ...FIXED.generations, running: '/nix/store/b' } }, MINUTE),
    ],
    [
      'when the repair was not `fixed`',
      () => fixOf(repaired(EMPTY_STATE, { at: 0, outcome: 'ineffective' }), MINUTE),
    ],
    ['a second time for one repair', () => fixOf(relapsed(FIXED, MINUTE), 2 * MINUTE)],
  ])('but not %s', (_why, find) => {
    expect(find()).toBeUndefined();
  });

  it('even if it opens in the same millisecond, and if it is only MEDIUM', () => {
    expect(fixOf(FIXED, 0)).toBeDefined();
    expect(fixOf(FIXED, MINUTE, issueOf({ check: 'services', severity: 2 }))).toBeDefined();
  });

  it('for a manually created issue only if it is created manually again', () => {
    const act = {
      at: 0,
      component: 'nginx',
      action: 'restart_service',
      scope: 'host',
      outcome: 'fixed',
    } as const;
    const state = recordAct(EMPTY_STATE, { ...act, words: '' }, guards, { chance: 0, bootId: 'boot' });
    expect(fixOf(state, MINUTE, issueOf())).toBeDefined();
    expect(fixOf(state, MINUTE, ISSUE)).toBeUndefined();
  });
});

describe('a relapse', () => {
  it('counts for the backoff like an ineffective repair', () => {
    const wait = (state: GuardState) => nginx(state).backoff['restart_service']?.until;
    expect(wait(FIXED)).toBe(0);
    const first = relapsed(FIXED, 10 * SECOND);
    expect(wait(first)).toBe(MINUTE);
    const second = relapsed(repaired(first, { at: MINUTE }), MINUTE + 10 * SECOND);
    expect(wait(second)).toBe(3 * MINUTE);
  });

  it('adds the random share to its backoff, and never ends a longer wait earlier', () => {
    const fix = fixOf(FIXED, SECOND)!;
    const options = { now: SECOND, chance: 0.5, guards };
    const until = (state: GuardState) => nginx(state).backoff['restart_service']?.until;
    expect(until(recordRelapse(FIXED, ISSUE, fix, options))).toBeCloseTo(1.05 * MINUTE);
    const backoff = { restart_service: { count: 1, since: 0, until: HOUR } };
    const waiting = { ...FIXED, components: { nginx: { ...nginx(FIXED), backoff } } };
    expect(until(recordRelapse(waiting, ISSUE, fix, options))).toBe(HOUR);
  });

  it('starts no backoff for an action whose backoff has been reset', () => {
    const reset = { ...FIXED, components: { nginx: { ...nginx(FIXED), backoff: {} } } };
    expect(nginx(relapsed(reset, SECOND)).backoff).toEqual({});
  });

  it('does not change the rung of the ladder', () => {
    expect(nginx(relapsed(FIXED, SECOND))).toMatchObject({ failures: 0, relapses: 1 });
  });

  it('is marked at its act once', () => {
    const state = relapsed(repaired(repaired(EMPTY_STATE, { at: 0 }), { at: MINUTE }), 2 * MINUTE);
    expect(state.acts.map(({ relapsed: came }) => came)).toEqual([undefined, true]);
  });
});

describe('the breaker', () => {
  const threeEarly = [0, 2, 4].reduce(
    (state, minute) => relapsed(repaired(state, { at: minute * MINUTE }), minute * MINUTE + 10 * SECOND),
    EMPTY_STATE,
  );

  it('opens after three repairs that lasted less than a minute', () => {
    expect(nginx(threeEarly)).toMatchObject({ strikes: 3, failures: 0, relapses: 3 });
    expect(breakerOf(nginx(threeEarly), 4 * MINUTE + 10 * SECOND)).toBe('open');
  });

  it('counts relapses and ineffective repairs together', () => {
    let state = relapsed(repaired(EMPTY_STATE, { at: 0 }), 10 * SECOND);
    state = repaired(state, { at: 2 * MINUTE, outcome: 'ineffective' });
    state = repaired(state, { at: 5 * MINUTE, outcome: 'failed' });
    expect(breakerOf(nginx(state), 5 * MINUTE)).toBe('open');
  });

  it.each([
    [0, MINUTE - 1, 1],
    [0, MINUTE, 0],
    [1, 2 * MINUTE - 1, 1],
    [1, 2 * MINUTE, 0],
    [3, 8 * MINUTE - 1, 1],
    [4, 10 * MINUTE - 1, 1],
    [4, 10 * MINUTE, 0],
  ])('after %i relapses counts one more for a repair that lasted %i ms: %i', (relapses, lasted, strikes) => {
    const record = { ...nginx(FIXED), relapses };
    const state = { ...FIXED, components: { nginx: record } };
    expect(nginx(relapsed(state, lasted)).strikes).toBe(strikes);
  });

  it('opens again at once if its one permitted attempt relapses', () => {
    const at = 4 * MINUTE + 10 * SECOND + HOUR;
    const tried = repaired(threeEarly, { at });
    expect(breakerOf(nginx(tried), at)).toBe('closed');
    expect(breakerOf(nginx(relapsed(tried, at + SECOND)), at + SECOND)).toBe('open');
  });

  it('does not count a repair with its expected gain', () => {
    const gained = repaired(EMPTY_STATE, { at: 0, effect: { before: 95, after: 60 } });
    expect(nginx(relapsed(gained, SECOND))).toMatchObject({ strikes: 0, useless: null });
  });

  it('counts a repair without a gain, which is not tried again at the same value', () => {
    const nothing = repaired(EMPTY_STATE, { at: 0, effect: { before: 95, after: 94 } });
    expect(nginx(relapsed(nothing, SECOND))).toMatchObject({
      strikes: 1,
      useless: { action: 'restart_service', value: ISSUE.metricValue },
    });
  });

  it('restarts its count after a repair that lasted', () => {
    const state = relapsed(
      repaired(repaired(EMPTY_STATE, { at: 0, outcome: 'failed' }), { at: MINUTE }),
      5 * MINUTE,
    );
    expect(nginx(state)).toMatchObject({ strikes: 0, breakerUntil: null });
  });
});
