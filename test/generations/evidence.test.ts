import { describe, expect, it } from 'vitest';
import {
  NO_GENERATIONS,
  type Generations,
  type SystemObservation,
  type SystemRecord,
  type UnitRecord,
} from '../../src/memory/generations.js';
import { noteSystem } from '../../src/memory/record-generation.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import {
  generationEvidence,
  isUndecided,
  isProved,
  linesOf,
  missingOf,
} from '../../src/generations/evidence.js';

const MINUTE = 60_000;
const START = Date.UTC(2025, 0, 1, 12);
const { evidence } = DEFAULT_GUARDS;
const UNIT = 'nginx.service';
type State = SystemObservation['units'][number]['state'];

/** Records the system and the state of nginx for each minute. */
const story = (
  ...parts: readonly (readonly [minute: number, system: string, state?: State])[]
): Generations =>
  parts.reduce(
    (record, [minute, system, state]) =>
      noteSystem(
        record,
        {
          system: `/nix/store/${system}`,
          switchedAt: null,
          units: state ? [{ name: UNIT, run: system, state }] : [],
        },
        START + minute * MINUTE,
        evidence,
      ),
    NO_GENERATIONS,
  );
const every5 = (from: number, to: number, system: string, state: State) =>
  Array.from({ length: (to - from) / 5 + 1 }, (_, index) => [from + index * 5, system, state] as const);
const weigh = (
  generations: Generations,
  changes: readonly string[] | { unknown: string } = [UNIT],
  unit = UNIT,
) => generationEvidence(unit, { generations, changes, evidence, now: 0, wallAheadMs: 0 });
const holds = (generations: Generations, changes?: readonly string[] | { unknown: string }) =>
  weigh(generations, changes).conditions.map((one) => one.holds);

const BROKEN = story(...every5(0, 180, 'a', 'active'), [181, 'b', 'failing']);

describe('the evidence that a switch broke a unit', () => {
  it('has all three conditions, in sentences with numbers and times', () => {
    const found = weigh(BROKEN, [UNIT, 'a.service', 'b.service']);
    expect(isProved(found)).toBe(true);
    expect(linesOf(found)).toEqual([
      'yes: nginx.service: its definition differs between this system and the previous one, and so do those of 2 other units',
      'yes: nginx.service: it was active for 3 h under the previous system (read so from 2025-01-01 12:00:00 UTC to 2025-01-01 15:00:00 UTC), until the switch at 2025-01-01 15:00:00 UTC',
      'yes: nginx.service: it was first read failing 1 min after the switch (at 2025-01-01 15:01:00 UTC), and has never been active for 10 min since',
    ]);
  });

  it('has times of the wall clock, which may be ahead of the steady one', () => {
    const facts = { generations: BROKEN, changes: [UNIT], evidence, now: 0, wallAheadMs: 60 * MINUTE };
    const [, before, after] = generationEvidence(UNIT, facts).conditions;
    expect(before.words).toContain('read so from 2025-01-01 13:00:00 UTC to 2025-01-01 16:00:00 UTC');
    expect(after.words).toContain('at 2025-01-01 16:01:00 UTC');
  });

  it('names the condition that does not hold', () => {
    expect(linesOf(weigh(BROKEN, []))[0]).toBe(
      'no: nginx.service: its definition is the same in this system and the previous one',
    );
  });

  it('includes a unit that differs by its template', () => {
    const instance = { ...BROKEN };
    const found = weigh(instance, ['nginx@.service'], 'nginx@one.service').conditions[0];
    expect(found.holds).toBe(true);
  });
});

describe('the evidence does not include a unit', () => {
  it.each([
    ['whose definition is the same', BROKEN, ['other.service'], [false, true, true]],
    [
      'that failed before the switch',
      story(...every5(0, 60, 'a', 'active'), [61, 'a', 'failing'], [62, 'b', 'failing']),
      [UNIT],
      [true, false, true],
    ],
    [
      'that was not active for long before it',
      story([0, 'a', 'active'], [5, 'a', 'active'], [6, 'b', 'failing']),
      [UNIT],
      [true, false, true],
    ],
    [
      'that a person had stopped before it',
      story(...every5(0, 60, 'a', 'active'), [61, 'a', 'down'], [62, 'b', 'failing']),
      [UNIT],
      [true, false, true],
    ],
    [
      'that failed only weeks after it',
      story(...every5(0, 60, 'a', 'active'), ...every5(65, 75, 'b', 'active'), [30_000, 'b', 'failing']),
      [UNIT],
      [true, true, false],
    ],
    [
      'that was healthy for ten minutes after it',
      story(...every5(0, 60, 'a', 'active'), ...every5(65, 75, 'b', 'active'), [76, 'b', 'failing']),
      [UNIT],
      [true, true, false],
    ],
    [
      'that began to fail more than an hour after it',
      story(...every5(0, 60, 'a', 'active'), ...every5(65, 130, 'b', 'changing'), [131, 'b', 'failing']),
      [UNIT],
      [true, true, false],
    ],
  ] as const)('%s', (_, generations, changes, expected) => {
    expect(holds(generations, changes)).toEqual(expected);
    expect(isUndecided(weigh(generations, changes))).toBe(false);
  });
});

describe('the evidence is incomplete without knowing', () => {
  it.each([
    ['which system ran before', story([0, 'b', 'failing']), [UNIT], ['unknown', 'unknown', true]],
    ['whether the definition differs', BROKEN, { unknown: 'it cannot be read' }, ['unknown', true, true]],
    ['how it was before', story([0, 'a'], [1, 'b', 'failing']), [UNIT], [true, 'unknown', true]],
    [
      'how it was just before the switch',
      story(...every5(0, 60, 'a', 'active'), [90, 'a'], [91, 'b', 'failing']),
      [UNIT],
      [true, 'unknown', true],
    ],
    [
      'how it was after the switch, while nobody looked',
      story(...every5(0, 60, 'a', 'active'), [61, 'b', 'changing'], [80, 'b', 'failing']),
      [UNIT],
      [true, true, 'unknown'],
    ],
  ] as const)('%s', (_, generations, changes, expected) => {
    const found = weigh(generations, changes);
    expect(found.conditions.map((one) => one.holds)).toEqual(expected);
    expect(isProved(found)).toBe(false);
    expect(isUndecided(found)).toBe(true);
    expect(missingOf(found)).toHaveLength(expected.filter((one) => one !== true).length);
  });
});

describe('the limits of the evidence', () => {
  const system = (more: Partial<SystemRecord> = {}): SystemRecord => ({
    ...{ previous: null, enteredAt: START, seenAt: START, blindMs: 0, quietSince: START },
    ...{ good: false, bad: null, units: {}, ...more },
  });
  const record = (more: Partial<UnitRecord> = {}): UnitRecord => ({
    ...{ run: '1', activeSince: null, activeUntil: null, healthy: false, failedAt: null, failing: false },
    ...more,
  });
  const ACTIVE = { activeSince: START - 10 * MINUTE, activeUntil: START };
  const FAILING = { failing: true, failedAt: START + MINUTE };
  /** The conditions for a unit that was active before a switch at `START`, and fails after it. */
  const judged = (
    before: Partial<UnitRecord> = {},
    after: Partial<UnitRecord> = {},
    running: Partial<SystemRecord> = {},
  ) => {
    const units = { [UNIT]: record({ ...FAILING, ...after }) };
    const found = weigh({
      ...NO_GENERATIONS,
      running: '/nix/store/b',
      systems: {
        '/nix/store/a': system({ units: { [UNIT]: record({ ...ACTIVE, ...before }) } }),
        '/nix/store/b': system({ previous: '/nix/store/a', units, ...running }),
      },
    });
    return {
      holds: found.conditions.map((one) => one.holds),
      words: found.conditions.map((one) => one.words),
    };
  };

  it.each<[string, Parameters<typeof judged>, [boolean | 'unknown', boolean | 'unknown']]>([
    ['active for exactly 10 min before', [], [true, true]],
    ['active for less than 10 min before', [{ activeSince: START - 10 * MINUTE + 1 }], [false, true]],
    [
      'active for a moment before, in a run that was healthy',
      [{ activeSince: START, healthy: true }],
      [true, true],
    ],
    [
      'last read exactly 10 min before the switch',
      [{ activeSince: START - 20 * MINUTE, activeUntil: START - 10 * MINUTE }],
      [true, true],
    ],
    [
      'last read more than 10 min before the switch',
      [{ activeSince: START - 21 * MINUTE, activeUntil: START - 10 * MINUTE - 1 }],
      ['unknown', true],
    ],
    ['failing before, though it had been active', [{ failing: true }], [false, true]],
    ['not active before', [{ activeSince: null, activeUntil: null }], [false, true]],
    ['not active before, by the start of its run', [{ activeSince: null }], [false, true]],
    ['not active before, by the end of its run', [{ activeUntil: null }], [false, true]],
    ['failing exactly 1 h after the switch', [{}, { failedAt: START + 60 * MINUTE }], [true, true]],
    ['failing later than 1 h after the switch', [{}, { failedAt: START + 60 * MINUTE + 1 }], [true, false]],
    ['healthy after the switch', [{}, { healthy: true }], [true, false]],
    ['not failing after the switch', [{}, { failing: false, failedAt: null }], [true, 'unknown']],
    ['unseen for exactly 10 min after the switch', [{}, {}, { blindMs: 10 * MINUTE }], [true, 'unknown']],
    ['unseen for less than 10 min after the switch', [{}, {}, { blindMs: 10 * MINUTE - 1 }], [true, true]],
  ])('a unit that was %s', (_which, [before, after, running], [wasHealthy, failedSoon]) => {
    expect(judged(before, after, running).holds).toEqual([true, wasHealthy, failedSoon]);
  });

  it('are named in the sentences about a unit that was failing, or not active, before', () => {
    expect(judged({ failing: true }).words[1]).toBe('it was failing already under the previous system');
    expect(judged({ activeSince: null, activeUntil: null }).words[1]).toBe(
      'it was not active when it was last read under the previous system',
    );
  });
});
