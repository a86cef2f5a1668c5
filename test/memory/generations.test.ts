import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHANGES_GENERATION,
  failingUnits,
  lastGood,
  neededSystems,
  NO_GENERATIONS,
  runningOf,
  systemOf,
  unitOf,
  type Generations,
  type SystemObservation,
  type SystemRecord,
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

const system: SystemRecord = {
  ...{ previous: null, enteredAt: 0, seenAt: 0, blindMs: 0, quietSince: 0, good: true, bad: null, units: {} },
};

describe('the record of systems', () => {
  it('determines which system ran before, whatever the generation numbers', () => {
    const record = after([0, look(A)], [5, look(A)], [10, look(B)], [15, look(A)]);
    expect(record.running).toBe(A);
    expect(runningOf(record)).toMatchObject({ previous: B });
    expect(record.systems[B]).toMatchObject({ previous: A });
  });

  it('has a system that is seen for the first time as neither good nor bad', () => {
    const { good, bad } = after([0, look(A)]).systems[A]!;
    expect([good, bad]).toEqual([false, null]);
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

describe('the record of a system that is observed', () => {
  it('starts at the first reading if the time of the switch is unknown, and is not blind then', () => {
    expect(runningOf(after([5, look(A)]))).toEqual({
      ...{ previous: null, enteredAt: 5 * MINUTE, seenAt: 5 * MINUTE, quietSince: 5 * MINUTE },
      ...{ blindMs: 0, good: false, bad: null, units: {} },
    });
  });

  it('remembers the longest gap between two readings', () => {
    const record = after([0, look(A)], [3, look(A)], [8, look(A)], [9, look(A)]);
    expect(runningOf(record)?.blindMs).toBe(5 * MINUTE);
  });

  it('with a gap of ten minutes starts the quiet time again', () => {
    expect(runningOf(after([0, look(A)], [10, look(A)]))?.quietSince).toBe(10 * MINUTE);
    const shorter = noteSystem(after([0, look(A)]), look(A), 10 * MINUTE - 1, evidence);
    expect(runningOf(shorter)?.quietSince).toBe(0);
  });

  it('counts a unit as newly failed if it had failed in this system and was stopped in between', () => {
    const failing = [seen('failing')];
    const record = after(
      [0, look(A, failing)],
      [1, look(B, failing)],
      [2, look(B, [seen('down')])],
      [3, look(B, failing)],
    );
    expect(runningOf(record)?.quietSince).toBe(3 * MINUTE);
  });

  it('does not count a unit that failed and is down as failing', () => {
    const record = after([0, look(A, [seen('failing')])], [1, look(A, [seen('down')])]);
    expect(nginx(record)).toMatchObject({
      failedAt: 0,
      failing: false,
      activeSince: null,
      activeUntil: null,
    });
  });
});

describe('the record of systems and units keeps', () => {
  /** Enters this number of systems, one a minute. */
  const systems = (count: number): Generations =>
    after(...Array.from({ length: count }, (_, index) => [index, look(`/nix/store/${index}`)] as const));

  it('16 systems: those that a rollback may need, and of the others those that were seen last', () => {
    const first = { at: 0, action: 'rollback_generation', from: '/nix/store/0', to: '/nix/store/1' };
    const record = noteSystem(
      { ...systems(16), lastChange: first },
      look('/nix/store/16'),
      16 * MINUTE,
      evidence,
    );
    const numbers = [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    expect(Object.keys(record.systems).sort()).toEqual(
      numbers.map((number) => `/nix/store/${number}`).sort(),
    );
  });

  it('the units of the running system and of the one before it', () => {
    const units = [seen('active')];
    const record = after([0, look(A, units)], [1, look(B, units)], [2, look('/nix/store/c', units)]);
    const kept = [A, B, '/nix/store/c'].map((path) => Object.keys(record.systems[path]!.units));
    expect(kept).toEqual([[], ['nginx.service'], ['nginx.service']]);
  });

  it.each([1, -1])('the systems that were seen last, in whatever order they are stored: %i', (order) => {
    const entries = Array.from(
      { length: 20 },
      (_, seenAt) => [`/nix/store/${seenAt}`, { ...system, seenAt }] as const,
    );
    const systems = Object.fromEntries(entries.sort(([, a], [, b]) => order * (a.seenAt - b.seenAt)));
    const record = markBad({ ...NO_GENERATIONS, systems }, '/nix/store/19', 19, 'it broke');
    expect(Math.min(...Object.values(record.systems).map(({ seenAt }) => seenAt))).toBe(4);
  });

  it('400 units of a system: failing ones, then those read as active last, then those that failed last', () => {
    const named = (name: string, state: UnitObservation['state']) => seen(state, '1', name);
    const others = (count: number) =>
      Array.from({ length: count }, (_, n) => named(`${n}.service`, 'active'));
    const rare = (count: number) => {
      const record = after(
        [1, look(A, [named('never read', 'down'), named('failed', 'failing'), named('failing', 'failing')])],
        [2, look(A, [named('failed', 'down'), named('active before', 'active')])],
        [3, look(A, others(count))],
      );
      return Object.keys(runningOf(record)!.units).filter((name) => !name.endsWith('.service'));
    };
    expect(rare(396).sort()).toEqual(['active before', 'failed', 'failing', 'never read']);
    expect(rare(397).sort()).toEqual(['active before', 'failed', 'failing']);
    expect(rare(398).sort()).toEqual(['active before', 'failing']);
    expect(rare(399)).toEqual(['failing']);
  });
});

describe('the last good system', () => {
  const seenLast = (seenAt: number, more: Partial<SystemRecord> = {}) => ({ ...system, seenAt, ...more });
  const among = (systems: Generations['systems']) => lastGood({ ...NO_GENERATIONS, systems });

  it('is the one of the good systems that was seen last', () => {
    expect(among({ [A]: seenLast(1), [B]: seenLast(2) })).toBe(B);
    expect(among({ [A]: seenLast(2), [B]: seenLast(1) })).toBe(A);
    expect(among({ [A]: seenLast(1), [B]: seenLast(2, { good: false }) })).toBe(A);
    expect(among({ [A]: seenLast(1), [B]: seenLast(2, { bad: { at: 0, why: 'it broke' } }) })).toBe(A);
    expect(among({})).toBeNull();
  });

  it('is never deleted, even if it is neither running nor the previous one', () => {
    const generations = { ...NO_GENERATIONS, systems: { [A]: seenLast(1) } };
    expect(neededSystems(generations)).toEqual([A]);
    expect(neededSystems(NO_GENERATIONS)).toEqual([]);
  });
});

describe('a system that is marked as bad', () => {
  it('before it was ever seen gets a whole record, which can be stored', () => {
    expect(markBad(NO_GENERATIONS, B, 7, 'it broke nginx.service').systems).toEqual({
      [B]: {
        ...{ previous: null, enteredAt: 7, seenAt: 7, quietSince: 7, blindMs: 0, units: {} },
        ...{ good: false, bad: { at: 7, why: 'it broke nginx.service' } },
      },
    });
  });
});

describe('a system or unit that was never observed', () => {
  it('has no record, also if its name is a property of every object', () => {
    for (const name of ['constructor', '__proto__', A]) {
      expect(systemOf(NO_GENERATIONS, name)).toBeUndefined();
      expect(unitOf(runningOf(after([0, look(A)])), name)).toBeUndefined();
    }
    expect(systemOf(NO_GENERATIONS, null)).toBeUndefined();
  });
});

it('the failing units of the running system are those that failed at their last reading', () => {
  expect(failingUnits(NO_GENERATIONS)).toEqual([]);
  const record = after([0, look(A, [seen('active'), seen('failing', '1', 'redis.service')])]);
  expect(failingUnits(record)).toEqual(['redis.service']);
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

it.each(['rollback_generation', 'rebuild_system'])(
  '%s counts as a change of the system, limited per day',
  (name) => {
    expect(CHANGES_GENERATION).toContain(name);
  },
);
