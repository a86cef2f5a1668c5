import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  failingUnits,
  lastGood,
  neededSystems,
  NO_GENERATIONS,
  runningOf,
  unitOf,
  type Generations,
  type SystemObservation,
  type UnitObservation,
} from '../../src/memory/generations.js';
import { markBad, noteSystem } from '../../src/memory/record-generation.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { parseState } from '../../src/memory/parse-state.js';
import { EMPTY_STATE } from '../../src/memory/state.js';

const MINUTE = 60_000;
const { evidence } = DEFAULT_GUARDS;
const A = '/nix/store/a';
const B = '/nix/store/b';

const seen = (state: UnitObservation['state'], run = '1', name = 'nginx.service'): UnitObservation => ({
  name,
  run,
  state,
});
const look = (
  system: string,
  units: readonly UnitObservation[] = [],
  switchedAt: number | null = null,
): SystemObservation => ({
  system,
  switchedAt,
  units,
});
/** Records readings one after another: time in minutes, and the reading. */
const after = (...looks: readonly (readonly [minute: number, look: SystemObservation])[]): Generations =>
  looks.reduce((record, [minute, one]) => noteSystem(record, one, minute * MINUTE, evidence), NO_GENERATIONS);
const nginx = (record: Generations) => unitOf(runningOf(record), 'nginx.service');

describe('the record of systems', () => {
  it('determines which system ran before, whatever the generation numbers', () => {
    const record = after([0, look(A)], [5, look(A)], [10, look(B)], [15, look(A)]);
    expect(record.running).toBe(A);
    expect(runningOf(record)).toMatchObject({ previous: B });
    expect(record.systems[B]).toMatchObject({ previous: A });
  });

  it('takes the time of a switch from the link, but not before the previous system was last seen', () => {
    expect(runningOf(after([0, look(A)], [10, look(B, [], 7 * MINUTE)]))?.enteredAt).toBe(7 * MINUTE);
    expect(runningOf(after([5, look(A)], [10, look(B, [], 1 * MINUTE)]))?.enteredAt).toBe(5 * MINUTE);
    expect(runningOf(after([5, look(A)], [10, look(B, [], 99 * MINUTE)]))?.enteredAt).toBe(10 * MINUTE);
    expect(runningOf(after([5, look(A)], [10, look(B)]))?.enteredAt).toBe(5 * MINUTE);
  });

  it('does not treat a reboot into the same system as a switch', () => {
    const record = after([0, look(A)], [5, look(B)], [9_000, look(B, [], 8_999 * MINUTE)]);
    expect(runningOf(record)).toMatchObject({ enteredAt: 0, previous: A });
  });

  it('marks a system as good after a monitored hour without a new failure', () => {
    const hour = Array.from({ length: 13 }, (_, index) => [index * 5, look(A, [seen('active')])] as const);
    expect(lastGood(after(...hour))).toBe(A);
    expect(lastGood(after(...hour.slice(0, 12)))).toBeNull();
    const failed = hour.map(([at, one]) => [at, at === 30 ? look(A, [seen('failing')]) : one] as const);
    expect(lastGood(after(...failed))).toBeNull();
    const unwatched = hour.filter(([at]) => at < 20 || at > 40);
    expect(lastGood(after(...unwatched))).toBeNull();
  });

  it('does not count a failure from before the switch as a new one', () => {
    const looks = Array.from(
      { length: 14 },
      (_, index) => [index * 5, look(index === 0 ? A : B, [seen('failing')])] as const,
    );
    expect(lastGood(after(...looks))).toBe(B);
  });

  it('counts from the first look when what fails was failing before the switch', () => {
    const record = after([0, look(A, [seen('failing')])], [5, look(B, [seen('failing')])]);
    expect(runningOf(record)?.quietSince).toBe(runningOf(record)?.enteredAt);
    const broken = after([0, look(A, [seen('active')])], [5, look(B, [seen('failing')])]);
    expect(runningOf(broken)?.quietSince).toBe(5 * MINUTE);
  });

  it('keeps a bad system by its path, until it is good', () => {
    const bad = markBad(after([0, look(A)]), B, 5 * MINUTE, 'it broke nginx.service');
    const entered = noteSystem(bad, look(B), 6 * MINUTE, evidence);
    expect(runningOf(entered)?.bad).toEqual({ at: 5 * MINUTE, why: 'it broke nginx.service' });
    const proved = Array.from({ length: 14 }, (_, index) => (6 + index * 5) * MINUTE).reduce(
      (record, at) => noteSystem(record, look(B), at, evidence),
      entered,
    );
    expect(runningOf(proved)).toMatchObject({ bad: null, good: true });
  });

  it('names the systems that must be kept: running, previous, good, and those of the last change', () => {
    const record = {
      ...after([0, look(A)], [5, look(B)]),
      lastChange: { at: 0, action: 'x', from: '/c', to: '/d' },
    };
    expect(neededSystems(record).sort()).toEqual(['/c', '/d', A, B]);
  });
});

describe('the record of a unit', () => {
  it('is healthy after ten minutes in one run, by readings of that run alone', () => {
    expect(nginx(after([0, look(A, [seen('active')])], [10, look(A, [seen('active')])]))?.healthy).toBe(true);
    expect(nginx(after([0, look(A, [seen('active')])], [9, look(A, [seen('active')])]))?.healthy).toBe(false);
    expect(nginx(after([0, look(A, [seen('active')])], [10, look(A, [seen('active', '2')])]))?.healthy).toBe(
      false,
    );
    const died = after(
      [0, look(A, [seen('active')])],
      [5, look(A, [seen('failing')])],
      [10, look(A, [seen('active')])],
    );
    expect(nginx(died)).toMatchObject({ healthy: false, failedAt: 5 * MINUTE, failing: false });
  });

  it('keeps its first failure, and drops it when the system is activated again', () => {
    const record = after(
      [0, look(A, [seen('failing')])],
      [1, look(A, [seen('active')])],
      [2, look(A, [seen('failing')])],
    );
    expect(nginx(record)).toMatchObject({ failedAt: 0, failing: true });
    expect(failingUnits(record)).toEqual(['nginx.service']);
    const again = [3, 4].reduce(
      (next, at) => noteSystem(next, look(at === 3 ? B : A), at * MINUTE, evidence),
      record,
    );
    expect(nginx(again)).toMatchObject({ failedAt: null, failing: false });
  });

  it('is not changed while systemd has a job for the unit', () => {
    const record = after([0, look(A, [seen('active')])], [5, look(A, [seen('changing')])]);
    expect(nginx(record)).toMatchObject({ activeSince: 0, activeUntil: 0, failing: false });
  });
});

describe('any record of systems', () => {
  const states = fc.constantFrom<UnitObservation['state']>('active', 'failing', 'down', 'changing');
  const units = fc.array(
    fc.record({
      name: fc.constantFrom('a.service', 'b.service'),
      run: fc.constantFrom('1', '2'),
      state: states,
    }),
    { maxLength: 2 },
  );
  const looks = fc.array(
    fc.record({
      passed: fc.integer({ min: 0, max: 90 * MINUTE }),
      system: fc.integer({ min: 0, max: 30 }).map((number) => `/nix/store/${number}`),
      ago: fc.option(fc.integer({ min: -MINUTE, max: 99 * MINUTE })),
      units,
    }),
    { maxLength: 60 },
  );

  it('stays small, can be read back, and has no time in the future or before its system', () => {
    fc.assert(
      fc.property(looks, (told) => {
        let [now, record] = [0, NO_GENERATIONS];
        for (const { passed, system, ago, units: read } of told) {
          now += passed;
          const switchedAt = ago === null ? null : now - ago;
          record = noteSystem(record, { system, switchedAt, units: read }, now, evidence);
          const running = runningOf(record);
          expect(record.running).toBe(system);
          expect(running).toMatchObject({ seenAt: now });
          expect(running?.previous).not.toBe(system);
          expect(running?.enteredAt).toBeLessThanOrEqual(now);
          for (const { failedAt, activeSince, activeUntil, failing } of Object.values(running?.units ?? {})) {
            expect(failedAt ?? now).toBeLessThanOrEqual(now);
            expect(failedAt ?? now).toBeGreaterThanOrEqual(running?.enteredAt ?? 0);
            expect(activeUntil ?? now).toBeGreaterThanOrEqual(activeSince ?? -Infinity);
            expect(failing && activeSince !== null).toBe(false);
          }
        }
        expect(Object.keys(record.systems).length).toBeLessThanOrEqual(16);
        const state = { ...EMPTY_STATE, generations: record };
        expect(parseState(JSON.stringify(state)).generations).toEqual(record);
      }),
      { seed: 41 },
    );
  });

  it('is not changed by changes of its input', () => {
    const record = Object.freeze(after([0, look(A, [seen('active')])]));
    const text = JSON.stringify(record);
    noteSystem(record, look(B, [seen('failing')]), MINUTE, evidence);
    markBad(record, A, 0, 'why');
    expect(JSON.stringify(record)).toBe(text);
  });
});
