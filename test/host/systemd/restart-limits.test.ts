import { describe, expect, it } from 'vitest';
import { needsJournal, restartsBefore } from '../../../src/host/systemd/restart-memory.js';
import {
  addSample,
  chainOf,
  dailyRestarts,
  recentRestarts,
  type EarlierRestarts,
  type RestartHistory,
  type RestartSample,
} from '../../../src/host/systemd/restart-history.js';
import { madeUnit } from './made-units.js';
import { program } from './program.js';

const HOUR = 3_600_000;

/** History after these readings of a unit that is not active, with a restart delay of 100 ms, unless they say otherwise. */
function after(earlier: EarlierRestarts | undefined, ...readings: readonly Partial<RestartSample>[]) {
  let history: RestartHistory | undefined;
  for (const reading of readings) {
    const sample = { at: 0, restarts: 0, delayMs: 100, invocationId: '', active: false, ...reading };
    history = addSample(history, sample, earlier);
  }
  return history!;
}
const recent = (...readings: readonly Partial<RestartSample>[]) =>
  recentRestarts(after(undefined, ...readings));

describe('the limits of a history of restarts', () => {
  it('are none at first: it is empty without earlier restarts', () => {
    expect(after(undefined, { restarts: 9 })).toMatchObject({ growth: [], daily: [], runSeenAt: undefined });
  });

  it.each([
    [true, 59_999, 4],
    [true, 60_000, 0],
    [false, 60_000, 4],
  ])(
    'count a long run from the first reading, if it was active (%s): after %i ms %i remain',
    (active, at, left) => {
      const earlier = { recent: 4, daily: 4 };
      const history = after(earlier, { active, invocationId: 'a' }, { active: true, invocationId: 'a', at });
      expect(recentRestarts(history)).toBe(left);
    },
  );

  it('have one entry for the restarts of ten seconds, at the time of the first', () => {
    const grown = [10_000, 19_999, 20_000, 29_999].map((at, count) => ({ at, restarts: count + 1 }));
    expect(after(undefined, {}, ...grown).growth).toEqual([
      { at: 10_000, by: 2 },
      { at: 20_000, by: 2 },
    ]);
  });

  it('have no entry for a reading without a restart, and one for a single earlier one', () => {
    const growth = (...readings: readonly Partial<RestartSample>[]) => after(undefined, ...readings).growth;
    expect(growth({}, { at: 10_000 }, { at: 19_000, restarts: 1 })).toEqual([{ at: 19_000, by: 1 }]);
    expect(after({ recent: 1, daily: 1 }, { at: 5 })).toMatchObject({
      ...{ growth: [{ at: 5, by: 1 }], daily: [{ at: 5, by: 1 }] },
    });
  });

  it('have one entry for the restarts of an hour, and forget them after a day', () => {
    const grown = [0, HOUR - 1, HOUR].map((after, count) => ({ at: 1_000 + after, restarts: count + 1 }));
    expect(after(undefined, {}, ...grown).daily).toEqual([
      { at: 1_000, by: 2 },
      { at: 1_000 + HOUR, by: 1 },
    ]);
    const left = (at: number) => dailyRestarts(after(undefined, {}, ...grown, { restarts: 3, at }));
    expect(left(1_000 + 24 * HOUR - 1)).toBe(3);
    expect(left(1_000 + 24 * HOUR)).toBe(1);
  });

  it.each([
    [0, 4],
    [1, 2],
    [2, 1],
    [4, 0],
  ])('count, with %i long runs unseen between two readings, only %i of 4 restarts', (runs, counted) => {
    expect(recent({}, { at: runs * 60_000, restarts: 4 })).toBe(counted);
    expect(recent({}, { at: (runs + 1) * 60_000 - 1, restarts: 4 })).toBe(counted);
    const upAt = Math.max(1_001, 1_000 + runs * 60_100);
    expect(recent({ upAt: 1_000 }, { at: 599_000, upAt, restarts: 4 })).toBe(counted);
    expect(recent({ upAt: 1_000 }, { at: 599_000, upAt: 1_000 + (runs + 1) * 60_100 - 1, restarts: 4 })).toBe(
      counted,
    );
  });

  it.each<[string, Partial<RestartSample>, Partial<RestartSample>]>([
    ['the start of the last run is unknown', { upAt: 0 }, { upAt: 61_000 }],
    ['the start of the last run was not read', {}, { upAt: 61_000 }],
    ['the start of this run is unknown', { upAt: 1_000 }, { upAt: 0 }],
    ['the last run began at the same time', { upAt: 1_000 }, { upAt: 1_000 }],
  ])('count by the times of the readings if %s', (_, first, second) => {
    expect(recent(first, { at: 59_999, restarts: 4, ...second })).toBe(4);
    expect(recent(first, { at: 60_000, restarts: 4, ...second })).toBe(2);
  });
});

describe('a long run that ended between two readings', () => {
  /** Returns the restarts that are left of three, of a unit that was active. */
  const left = (next: Partial<RestartSample>, last: Partial<RestartSample> = {}) =>
    recent(
      { restarts: 0, at: 0 },
      { restarts: 3, at: 1_000, active: true, invocationId: 'a', upAt: 1_000, ...last },
      { restarts: 3, at: 2_000, ...next },
    );

  it('ends the crash loop if the unit died after a minute', () => {
    expect(left({ upAt: 60_999 })).toBe(3);
    expect(left({ upAt: 61_000 })).toBe(0);
    expect(left({ upAt: 61_000 }, { active: false }), 'it did not run').toBe(3);
    expect(left({ upAt: 61_000 }, { upAt: 0 }), 'its start is unknown').toBe(3);
    expect(left({ upAt: 1_000 }), 'no later start').toBe(3);
  });

  it('ends the crash loop if the next run began a minute and the restart delay later', () => {
    const next = { restarts: 4, active: true, invocationId: 'b' };
    expect(left({ ...next, upAt: 61_099 })).toBe(4);
    expect(left({ ...next, upAt: 61_100 })).toBe(0);
    expect(left({ ...next, upAt: 61_100, active: false }), 'died again since').toBe(3);
    expect(left({ ...next, upAt: 61_100, restarts: 5 }), 'two restarts').toBe(4);
  });
});

describe('a run whose start was not read', () => {
  it('does not end the crash loop when it ends, as it may have been short', () => {
    const readings = [
      { restarts: 0, at: 0 },
      { restarts: 3, at: 1_000, active: true, invocationId: 'a' },
      { restarts: 3, at: 2_000, upAt: 61_001 },
    ];
    expect(recent(...readings)).toBe(3);
  });
});

describe('the crash loop before the first reading', () => {
  it.each([
    ['a gap of a long run and the delay', [60_100, 0], 120_200, 2],
    ['a longer gap', [60_100, 0], 120_201, 0],
    ['a longer gap between two restarts', [60_101, 0], 120_000, 1],
  ])('contains restarts up to %s', (_, times, now, expected) => {
    expect(chainOf([...times].reverse(), now, 100)).toBe(expected);
  });

  it('contains restarts of less than ten minutes ago', () => {
    const minutes = Array.from({ length: 11 }, (_, minute) => minute * 60_000);
    expect(chainOf(minutes, 600_000, 100)).toBe(10);
    expect(chainOf(minutes, 599_999, 100)).toBe(11);
  });

  it('is read from the journal for a loaded unit with three restarts', () => {
    expect(needsJournal(madeUnit('a.service', { restarts: 2 }))).toBe(false);
    expect(needsJournal(madeUnit('a.service', { restarts: 3 }))).toBe(true);
    expect(needsJournal(madeUnit('a.service', { restarts: 9, loadState: 'masked' }))).toBe(false);
  });

  it('is read from the journal for all units at once, with all restarts of the day', async () => {
    const record = (UNIT: string, seconds: number, MESSAGE_ID = '5eb03494b6584870a536b337290809b3') =>
      JSON.stringify({ UNIT, MESSAGE_ID, __MONOTONIC_TIMESTAMP: `${seconds * 1_000_000}` });
    const succeeded = '7ad2d189f7e94e70a38c781354912448';
    const lines = [
      ...[1, 2_000, 2_001, 2_002].map((second) => record('a.service', second)),
      record('a.service', 2_003, succeeded),
      record('b.service', 1),
    ];
    const journalctl = program('journalctl', `cat <<'END'\n${lines.join('\n')}\nEND`);
    const units = [
      madeUnit('a.service', { restarts: 9 }),
      madeUnit('b.service', { restarts: 7, subState: 'auto-restart' }),
      madeUnit('c.service', { restarts: 5 }),
    ];
    try {
      const before = await restartsBefore(units, 2_010_000, { journalctl: journalctl.path });
      expect(Object.fromEntries(before)).toEqual({
        'a.service': { recent: 3, daily: 4, endedWell: true },
        'b.service': { recent: 7, daily: 7, endedWell: false },
        'c.service': { recent: 0, daily: 0, endedWell: false },
      });
      expect(journalctl.calls()).toHaveLength(1);
    } finally {
      journalctl.remove();
    }
  });
});
