import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { PlannedGeneration } from '../../src/model/plan.js';
import { lastGood } from '../../src/memory/generations.js';
import { recordAct, type RepairDetails } from '../../src/memory/record-act.js';
import { EMPTY_STATE, FRESH_RECORD, recordOf, type Act, type GuardState } from '../../src/memory/state.js';
import { SWITCH_BACK } from '../make.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const guards = DEFAULT_GUARDS;
const { from: B, to: A } = SWITCH_BACK;

const ROLLBACK: Act = {
  ...{ at: 7, component: 'nginx', action: 'rollback_generation', scope: 'host', outcome: 'fixed' },
  words: 'nginx runs again',
};
const INTENT = {
  ...{ at: 1, component: 'nginx', action: 'rollback_generation', bootId: 'boot' },
  scope: 'host' as const,
};
const after = (
  act: Partial<Act>,
  generation?: PlannedGeneration,
  details: Partial<RepairDetails> = {},
  state: GuardState = EMPTY_STATE,
): GuardState =>
  recordAct(
    { ...state, intents: [{ ...INTENT, ...(generation && { generation }) }] },
    { ...ROLLBACK, ...act },
    guards,
    { chance: 0, ...details },
  );
const whyBad = (state: GuardState, system: string) => state.generations.systems[system]?.bad?.why;

describe('a switch that takes effect after a reboot', () => {
  const OTHER = { ...INTENT, component: 'redis' };
  const pending = () =>
    recordAct(
      { ...EMPTY_STATE, intents: [{ ...INTENT, generation: SWITCH_BACK }, OTHER] },
      { ...ROLLBACK, outcome: 'pending-reboot' },
      guards,
      { chance: 0 },
    );

  it('keeps its intent, which then awaits the reboot, beside those of other components', () => {
    expect(pending().intents).toEqual([OTHER, { ...INTENT, generation: SWITCH_BACK, awaitsReboot: true }]);
  });

  it('marks the system that it leaves, and starts no backoff', () => {
    expect(whyBad(pending(), B)).toBe(`\`rollback_generation\` left it for ${A}`);
    expect(pending().components).toEqual({});
  });

  it('has no intent to keep if none was stored', () => {
    const state = recordAct(EMPTY_STATE, { ...ROLLBACK, outcome: 'pending-reboot' }, guards, { chance: 0 });
    expect(state.intents).toEqual([]);
  });
});

describe('a switch of the system', () => {
  it('that is `fixed` marks the system that it left, with the reason', () => {
    const state = after({}, SWITCH_BACK);
    expect(state.generations.lastChange).toEqual({ at: 7, action: 'rollback_generation', from: B, to: A });
    expect(state.generations.systems[B]?.bad).toEqual({
      at: 7,
      why: `\`rollback_generation\` left it for ${A}`,
    });
    expect(whyBad(state, A)).toBeUndefined();
  });

  it('that made things worse marks the system that it went to, and not the one that it left', () => {
    const state = after({ outcome: 'failed', words: 'redis fails too' }, SWITCH_BACK, { worse: true });
    expect(whyBad(state, A)).toBe(
      'going to it with `rollback_generation` made things worse: redis fails too',
    );
    expect(whyBad(state, B)).toBeUndefined();
  });

  it.each(['failed', 'ineffective'] as const)('that is `%s` marks no system', (outcome) => {
    const state = after({ outcome }, SWITCH_BACK);
    expect(state.generations.systems).toEqual({});
    expect(state.generations.lastChange).toMatchObject({ from: B, to: A });
  });

  it('by a rebuild, whose new system is not known, is recorded and marks no system', () => {
    const state = after({ action: 'rebuild_system' }, { ...SWITCH_BACK, to: null }, { worse: true });
    expect(state.generations.systems).toEqual({});
    expect(state.generations.lastChange).toEqual({ at: 7, action: 'rebuild_system', from: B, to: null });
  });

  it('uses up the one permitted repeat of an interrupted switch', () => {
    const generations = { ...EMPTY_STATE.generations, repeat: A };
    expect(after({}, SWITCH_BACK, {}, { ...EMPTY_STATE, generations }).generations.repeat).toBeNull();
  });

  it('that left a good system makes it bad, so that no rollback goes back there', () => {
    const good = {
      ...{ previous: null, enteredAt: 0, seenAt: 0, blindMs: 0, quietSince: 0, good: true, bad: null },
      units: {},
    };
    const generations = { ...EMPTY_STATE.generations, systems: { [B]: good } };
    const state = after({}, SWITCH_BACK, {}, { ...EMPTY_STATE, generations });
    expect(state.generations.systems[B]?.good).toBe(false);
    expect(lastGood(state.generations)).toBeNull();
  });
});

it('a repair that switches nothing leaves the record of systems as it is', () => {
  expect(after({ action: 'restart_service' }).generations).toBe(EMPTY_STATE.generations);
});

describe('a proved repair', () => {
  it('is remembered with what a later relapse is compared with', () => {
    const state: GuardState = {
      ...EMPTY_STATE,
      components: { nginx: { ...FRESH_RECORD, strikes: 2, breakerUntil: 7 } },
      generations: { ...EMPTY_STATE.generations, running: A },
    };
    const details = { check: 'services', bootId: 'boot', effect: { before: 100, after: 97 } };
    expect(recordOf(after({}, undefined, details, state), 'nginx').fixed).toEqual({
      ...{ at: 7, action: 'rollback_generation', check: 'services', bootId: 'boot', system: A },
      ...{ gained: true, strikes: 2, probation: true },
    });
  });

  it('without a check, a boot id, a measured effect or a NixOS system is remembered without them', () => {
    expect(recordOf(after({}), 'nginx').fixed).toEqual({
      ...{ at: 7, action: 'rollback_generation', check: null, bootId: '', system: null },
      ...{ gained: null, strikes: 0, probation: false },
    });
  });
});

describe('the openings of a breaker', () => {
  it('count for a day, so that an opening exactly a day ago does not', () => {
    const openings = [0, 1];
    const state = { ...EMPTY_STATE, components: { nginx: { ...FRESH_RECORD, strikes: 2, openings } } };
    const { nginx } = after({ at: DAY, outcome: 'failed' }, undefined, {}, state).components;
    expect(nginx?.openings).toEqual([1, DAY]);
  });

  it('keep the start of `needs-human` when the breaker opens once more', () => {
    const openings = [1, 2, 3, 4, 5];
    const record = { ...FRESH_RECORD, strikes: 2, openings, needsHumanSince: 5 };
    const state = { ...EMPTY_STATE, components: { nginx: record } };
    expect(recordOf(after({ at: 9, outcome: 'failed' }, undefined, {}, state), 'nginx').needsHumanSince).toBe(
      5,
    );
  });
});

describe('the gain of a repair', () => {
  it.each([
    [100, 97, null],
    [100, 97.01, { action: 'rollback_generation', value: 97.01 }],
    [50, 48.5, null],
    [50, 48.51, { action: 'rollback_generation', value: 48.51 }],
  ])('from %d to %d is compared with 3 percent of the value before', (before, value, useless) => {
    const state = after({ outcome: 'ineffective' }, undefined, { effect: { before, after: value } });
    expect(recordOf(state, 'nginx').useless).toEqual(useless);
  });
});
