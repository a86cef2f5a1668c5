import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Generations, SystemRecord, UnitRecord } from '../../../src/memory/generations.js';
import { DEFAULT_GUARDS } from '../../../src/model/guards.js';
import { isUnknown, unknown } from '../../../src/model/reading.js';
import { generationEvidence, isProved } from '../../../src/generations/evidence.js';
import { nixosReading, systemIdentity } from '../../../src/testing/index.js';
import { historyFrom, type HistorySources } from '../../../src/service/helper/history.js';
import type { HelperAct } from '../../../src/service/helper/limits.js';

const MINUTE = 60_000;
const UNIT = 'nginx.service';
const [A, B] = [systemIdentity('a').path, systemIdentity('b').path];
const EVIL = '/home/mallory/system';
/** A was created a day before B, and B was activated when it was created. */
const NIXOS = nixosReading(['a', 'b']);
const SWITCHED = isUnknown(NIXOS.switchedAt) ? NaN : NIXOS.switchedAt;
const NOW = SWITCHED + 5 * MINUTE;

const unit = (more: Partial<UnitRecord> = {}): UnitRecord => ({
  ...{ run: '', activeSince: null, activeUntil: null, healthy: false, failedAt: null, failing: false },
  ...more,
});
const system = (more: Partial<SystemRecord> = {}): SystemRecord => ({
  ...{ previous: null, enteredAt: SWITCHED, seenAt: NOW, blindMs: 0, quietSince: NOW },
  ...{ good: false, bad: null, units: {} },
  ...more,
});
const claim = (
  before: Partial<UnitRecord> = {
    activeSince: SWITCHED - 20 * MINUTE,
    activeUntil: SWITCHED - MINUTE,
    healthy: true,
  },
  running: Partial<SystemRecord> = {},
): Generations => ({
  running: B,
  systems: {
    [A]: system({ enteredAt: SWITCHED - 60 * MINUTE, units: { [UNIT]: unit(before) } }),
    [B]: system({
      previous: A,
      units: { [UNIT]: unit({ failedAt: SWITCHED + MINUTE, failing: true }) },
      ...running,
    }),
  },
  lastChange: { at: NOW, action: 'rollback_generation', from: EVIL, to: B },
  repeat: A,
});
const historyOf = (facts: Partial<HistorySources> = {}) =>
  historyFrom({
    ...{ claimed: claim(), nixos: NIXOS, acts: [], evidence: DEFAULT_GUARDS.evidence, now: NOW },
    ...facts,
  });
const proves = (facts: Partial<HistorySources>) => {
  const history = historyOf(facts);
  return isProved(
    generationEvidence(UNIT, { ...history, changes: [UNIT], evidence: DEFAULT_GUARDS.evidence }),
  );
};

describe('the record that root accepts', () => {
  it('is the part that its own readings confirm, without a last change', () => {
    const history = historyOf();
    expect(history).toMatchObject({
      now: NOW,
      wallAheadMs: 0,
      generations: { running: B, lastChange: null, repeat: null },
    });
    expect(history.missing).toBeUndefined();
    expect(proves({})).toBe(true);
  });

  it.each<[string, Partial<HistorySources>, RegExp]>([
    ['cannot be read', { claimed: unknown('there is none') }, /^there is none$/],
    ['is of an unknown host', { nixos: unknown('no NixOS') }, /^no NixOS$/],
    [
      'names another running system',
      { claimed: { ...claim(), running: A } },
      /another system than the running one/,
    ],
    [
      'names a path without a generation',
      { claimed: claim({}, { previous: EVIL }) },
      /not a kept generation/,
    ],
    [
      'names the running system as the previous one',
      { claimed: claim({}, { previous: B }) },
      /not a kept generation/,
    ],
    ['has a dangling previous system', { claimed: claim({}, { previous: null }) }, /not a kept generation/],
    [
      'has another time of the switch',
      { claimed: claim({}, { enteredAt: SWITCHED + 2 * MINUTE }) },
      /does not go with the switch/,
    ],
    [
      'has an impossible time of the switch',
      { claimed: claim({}, { enteredAt: 1e300 }) },
      /does not go with the switch/,
    ],
    ['is ahead of the clock', { now: SWITCHED - 2 * MINUTE }, /does not go with the switch/],
  ])('is empty if the record %s', (_, facts, words) => {
    const { generations, missing } = historyOf(facts);
    expect(generations).toMatchObject({ running: null, systems: {} });
    expect(missing).toMatch(words);
  });

  it('has no unit that was healthy for longer than its system existed', () => {
    const generations = [
      { number: 1, path: A, linkedAt: SWITCHED - 5 * MINUTE },
      { number: 2, path: B, linkedAt: SWITCHED },
    ];
    expect(proves({ nixos: { ...NIXOS, generations } })).toBe(false);
  });

  it('has a unit that was healthy for exactly as long as its system existed', () => {
    const { healthyMs } = DEFAULT_GUARDS.evidence;
    const healthy = (linkedAt: number) => {
      const generations = [
        { number: 1, path: A, linkedAt },
        { number: 2, path: B, linkedAt: SWITCHED },
      ];
      return historyOf({ nixos: { ...NIXOS, generations } }).generations.systems[A]?.units[UNIT]?.healthy;
    };
    expect([SWITCHED - healthyMs, SWITCHED - healthyMs + 1].map(healthy)).toEqual([true, false]);
  });

  it('counts a system that was built twice from the first time', () => {
    const generations = [
      { number: 1, path: A, linkedAt: SWITCHED - 60 * MINUTE },
      { number: 2, path: A, linkedAt: SWITCHED - MINUTE },
      { number: 3, path: B, linkedAt: SWITCHED },
    ];
    expect(proves({ nixos: { ...NIXOS, generations } })).toBe(true);
  });

  it('has the first 200 characters of the reason why a system is bad', () => {
    const why = '0123456789'.repeat(30);
    const { generations } = historyOf({
      claimed: claim(undefined, { bad: { at: SWITCHED, why } }),
    });
    expect(generations.systems[B]?.bad?.why).toBe(why.slice(0, 200));
  });

  it('has no unit that failed before its system was entered, or in the future', () => {
    const units = { [UNIT]: unit({ failedAt: -1e300, failing: true }), '/etc/passwd': unit() };
    const { generations } = historyOf({ claimed: claim(undefined, { units }) });
    expect(generations.systems[B]?.units).toEqual({ [UNIT]: unit({ failedAt: SWITCHED, failing: true }) });
  });

  it('names only the running and the previous system, with valid times', () => {
    const time = fc.oneof(fc.constantFrom(null, 0, -1e300, 1e300, SWITCHED), fc.double({ noNaN: true }));
    fc.assert(
      fc.property(
        time,
        time,
        time,
        fc.constantFrom(A, B, EVIL, null),
        fc.boolean(),
        (one, two, three, previous, healthy) => {
          const history = historyOf({
            claimed: claim(
              { activeSince: one, activeUntil: two, healthy },
              { previous, units: { [UNIT]: unit({ failedAt: three, failing: true }) } },
            ),
          });
          expect([A, B]).toEqual(expect.arrayContaining(Object.keys(history.generations.systems)));
          const evidence = { ...history, changes: [UNIT], evidence: DEFAULT_GUARDS.evidence };
          expect(() => generationEvidence(UNIT, evidence)).not.toThrow();
        },
      ),
      { seed: 20_261_124, numRuns: 500 },
    );
  });
});

describe('the last change', () => {
  const act = (more: Partial<HelperAct> = {}): HelperAct => ({
    ...{ at: NOW - MINUTE, action: 'rollback_generation', targets: ['system'] },
    generation: { from: A, to: B },
    ...more,
  });
  const lastOf = (acts: readonly HelperAct[], facts: Partial<HistorySources> = {}) =>
    historyOf({ acts, ...facts }).generations.lastChange;

  it('is taken from the helper’s own book, with or without a record', () => {
    const own = { at: NOW - MINUTE, action: 'rollback_generation', from: A, to: B };
    const restart: HelperAct = { at: NOW, action: 'restart_service', targets: [UNIT] };
    expect(lastOf([act({ at: 0 }), act(), restart])).toEqual(own);
    expect(lastOf([act()], { claimed: unknown('none') })).toEqual(own);
    expect(lastOf([act({ action: 'rebuild_system', generation: { from: A, to: null } })])).toMatchObject({
      to: null,
    });
  });

  it.each<[string, Partial<HelperAct>]>([
    ['ends with an undo', { undo: true }],
    ['ends with a system that does not run', { generation: { from: B, to: A } }],
  ])("is absent if the helper's book %s", (_, more) => {
    expect(lastOf([act(), act(more)])).toBeNull();
  });

  it('is the one before a switch that the system refused, because that changed nothing', () => {
    const refused = act({ at: NOW, generation: { from: B, to: A }, refused: 'raid is degraded' });
    expect(lastOf([act(), refused])).toMatchObject({ at: NOW - MINUTE, from: A, to: B });
  });

  it('is absent while it cannot be read which system runs', () => {
    expect(lastOf([act()], { nixos: unknown('no file') })).toBeNull();
    const nixos = nixosReading(['a', 'b'], { running: unknown('no file') });
    expect(lastOf([act()], { nixos })).toBeNull();
  });
});

describe('the record of an engine, at the limits of what root reads', () => {
  const SLACK = MINUTE;

  it.each([
    ['the slack before the switch', SWITCHED - SLACK, true],
    ['more than the slack before it', SWITCHED - SLACK - 1, false],
    ['the slack after it', SWITCHED + SLACK, true],
    ['more than the slack after it', SWITCHED + SLACK + 1, false],
  ])('is believed or not when it entered the system %s', (_which, enteredAt, isBelieved) => {
    const { missing, generations } = historyOf({ claimed: claim(undefined, { enteredAt }) });
    expect(missing === undefined).toBe(isBelieved);
    expect(generations.systems[B]?.enteredAt).toBe(isBelieved ? SWITCHED : undefined);
  });

  it.each([
    ['not later than the slack from now', SWITCHED - SLACK, true],
    ['later than that', SWITCHED - SLACK - 1, false],
  ])('is believed or not when the switch was %s', (_which, now, isBelieved) => {
    expect(historyOf({ now }).missing === undefined).toBe(isBelieved);
  });

  it.each<[string, Partial<HistorySources>]>([
    ['the record', { claimed: unknown('no file') }],
    ['NixOS', { nixos: unknown('no file') }],
    ['what runs', { nixos: nixosReading(['a', 'b'], { running: unknown('no file') }) }],
    ['the generations', { nixos: nixosReading(['a', 'b'], { generations: unknown('no file') }) }],
    ['the time of the switch', { nixos: nixosReading(['a', 'b'], { switchedAt: unknown('no file') }) }],
  ])('is not believed, with the reason, when %s cannot be read', (_which, facts) => {
    expect(historyOf(facts)).toMatchObject({
      missing: 'no file',
      wallAheadMs: 0,
      now: NOW,
      generations: { systems: {} },
    });
  });

  it('has its times moved to between the switch and now', () => {
    const failing = (failedAt: number | null) => {
      const units = { [UNIT]: unit({ failing: true, failedAt }) };
      return historyOf({ claimed: claim(undefined, { units }) }).generations.systems[B]?.units[UNIT]
        ?.failedAt;
    };
    expect([SWITCHED - 1, SWITCHED + 1, NOW + 1, null].map(failing)).toEqual([
      SWITCHED,
      SWITCHED + 1,
      NOW,
      null,
    ]);
  });

  it('has the times of the system before moved to before the switch', () => {
    const before = historyOf({
      claimed: claim({ activeSince: SWITCHED + 1, activeUntil: NOW + 1, healthy: true }),
    }).generations.systems[A]?.units[UNIT];
    expect(before).toMatchObject({ activeSince: SWITCHED, activeUntil: SWITCHED, healthy: true });
  });
});
