import { afterEach, describe, expect, it } from 'vitest';
import { createRestartMemory } from '../../../src/host/systemd/restart-memory.js';
import { madeUnit, type UnitChanges } from './made-units.js';
import { program, type Program } from './program.js';

const RESTART = '5eb03494b6584870a536b337290809b3';
const FAILED = 'd9b373ed55a64feb8242e02dbe79a49c';
const SUCCEEDED = '7ad2d189f7e94e70a38c781354912448';
const WAITING = { activeState: 'activating', subState: 'auto-restart' };
const RUNNING = { activeState: 'active', subState: 'running' };

let journalctl: Program | undefined;
afterEach(() => {
  journalctl?.remove();
  journalctl = undefined;
});

/** A memory with a test clock; `records` are the message ids in the journal, which else cannot be read. */
function memory(...records: readonly string[]) {
  let time = 0;
  if (records.length > 0) {
    const aSecondAgo = String(process.hrtime.bigint() / 1_000n - 1_000_000n);
    const lines = records.map((MESSAGE_ID) =>
      JSON.stringify({ UNIT: 'a.service', __MONOTONIC_TIMESTAMP: aSecondAgo, MESSAGE_ID }),
    );
    journalctl = program('journalctl', `cat <<'END'\n${lines.join('\n')}\nEND`);
  }
  const restarts = createRestartMemory({
    ...{ now: () => time, journalctl: journalctl?.path ?? '/nonexistent/journalctl' },
  });
  const unit = (changes: UnitChanges = {}) => madeUnit('a.service', { ...WAITING, ...changes });
  return {
    restarts,
    unit,
    at: (ms: number) => void (time = ms),
    now: () => time,
    /** Reads the unit a second later, and returns what is known of it. */
    async note(...changes: readonly UnitChanges[]) {
      time += 1_000;
      await restarts.note(changes.map(unit), time, undefined);
      return restarts.of(unit());
    },
  };
}

describe('the memory of restarts', () => {
  it('has none of a unit that was never read', () => {
    const { restarts, unit } = memory();
    expect(restarts.of(unit())).toEqual({
      ...{ recentRestarts: 0, dailyRestarts: 0, restartsAfterSuccess: false },
    });
    expect(restarts.restarting()).toEqual([]);
  });

  it('names a unit in a crash loop, and knows whether its runs succeed, from a single restart on', async () => {
    const { note, restarts } = memory();
    await note({ restarts: 0 });
    expect(await note({ restarts: 1, result: 'success' })).toMatchObject({
      ...{ recentRestarts: 1, restartsAfterSuccess: true },
    });
    expect(restarts.restarting()).toEqual(['a.service']);
  });

  it('does not know a success of a unit in a crash loop of which the journal has no record', async () => {
    const { note, restarts } = memory(SUCCEEDED);
    for (const count of [0, 1]) await note({ ...RUNNING, id: 'b.service', restarts: count });
    expect(restarts.of(madeUnit('b.service'))).toMatchObject({
      ...{ recentRestarts: 1, restartsAfterSuccess: false },
    });
  });

  it('counts them between readings, and names the units in a crash loop', async () => {
    const { note, restarts } = memory();
    expect(await note({ restarts: 1 })).toMatchObject({ recentRestarts: 0, dailyRestarts: 0 });
    expect(restarts.restarting()).toEqual([]);
    expect(await note({ restarts: 3 })).toMatchObject({ recentRestarts: 2, dailyRestarts: 2 });
    expect(restarts.restarting()).toEqual(['a.service']);
  });

  it('begins with the counter of a unit that waits for its restart, if the journal cannot be read', async () => {
    expect(await memory().note({ restarts: 3 })).toMatchObject({ recentRestarts: 3, dailyRestarts: 3 });
    expect(await memory().note({ restarts: 2 })).toMatchObject({ recentRestarts: 0 });
    expect(await memory().note({ restarts: 3, ...RUNNING })).toMatchObject({ recentRestarts: 0 });
    expect(await memory().note({ restarts: 3, loadState: 'masked' })).toMatchObject({ recentRestarts: 0 });
  });

  it('takes the first of two facts about a unit that is read under two names at once', async () => {
    const { note } = memory();
    await note({ restarts: 0 });
    expect(await note({ restarts: 2 }, { restarts: 1 })).toMatchObject({ recentRestarts: 2 });
    expect(await note({ restarts: 2 })).toMatchObject({ recentRestarts: 2 });
  });

  it.each([
    ['began earlier', 1_500, 2_000],
    ['began while the other was under way', 2_000, 2_500],
  ])(
    'leaves out a reading that overlaps with one that was added before it: it %s',
    async (_, startedAt, end) => {
      const { at, restarts, unit, now } = memory();
      const read = (ms: number, count: number) => {
        at(ms);
        return restarts.note(
          [unit({ restarts: count, ...RUNNING, links: { upAt: 5 } })],
          startedAt,
          undefined,
        );
      };
      await restarts.note([unit({ restarts: 4, ...RUNNING, links: { upAt: 5 } })], now(), undefined);
      at(2_000);
      await restarts.note([unit({ restarts: 5, ...RUNNING, links: { upAt: 5 } })], 1_900, undefined);
      // The counter of an older reading is lower: this is no reset.
      await read(end, 4);
      expect(restarts.of(unit())).toMatchObject({ recentRestarts: 1, dailyRestarts: 1 });
      at(3_000);
      await restarts.note([unit({ restarts: 5, ...RUNNING, links: { upAt: 5 } })], 2_900, undefined);
      expect(restarts.of(unit())).toMatchObject({ recentRestarts: 1, dailyRestarts: 1 });
    },
  );

  it('counts a unit that two overlapping readings find for the first time once', async () => {
    const { at, restarts, unit } = memory();
    at(1_000);
    const both = [
      restarts.note([unit({ restarts: 3 })], 900, undefined),
      restarts.note([unit({ restarts: 3 })], 950, undefined),
    ];
    await Promise.all(both);
    expect(restarts.of(unit())).toMatchObject({ recentRestarts: 3, dailyRestarts: 3 });
  });

  it('forgets a unit that was not read for ten minutes', async () => {
    const { at, note, now, restarts, unit } = memory();
    await note({ restarts: 0 });
    await note({ restarts: 2, result: 'success' });
    at(602_000);
    await restarts.note([], now(), undefined);
    expect(restarts.of(unit())).toMatchObject({ recentRestarts: 2, restartsAfterSuccess: true });
    at(602_001);
    await restarts.note([], now(), undefined);
    expect(restarts.of(unit())).toMatchObject({ recentRestarts: 0, dailyRestarts: 0 });
    expect(restarts.restarting()).toEqual([]);
    await note({ restarts: 0, ...RUNNING });
    const loop = await note({ restarts: 2, ...RUNNING });
    expect(loop, 'the result of the runs too').toMatchObject({
      recentRestarts: 2,
      restartsAfterSuccess: false,
    });
  });

  it.each([
    ['was active', RUNNING, 0],
    ['was starting', { activeState: 'activating', subState: 'start' }, 2],
  ])('ends a crash loop after a minute only if the unit %s', async (_, state, left) => {
    const { at, note } = memory();
    await note({ restarts: 0, ...state });
    expect(await note({ restarts: 2, ...state })).toMatchObject({ recentRestarts: 2 });
    at(61_000);
    expect(await note({ restarts: 2, ...state })).toMatchObject({ recentRestarts: left });
  });

  it('ends a crash loop, and the count of the day, when systemd gives up', async () => {
    const { note } = memory();
    await note({ restarts: 0 });
    expect(await note({ restarts: 4 })).toMatchObject({ recentRestarts: 4, dailyRestarts: 4 });
    const gaveUp = { activeState: 'failed', subState: 'failed', result: 'start-limit-hit' };
    expect(await note({ restarts: 4, ...gaveUp })).toMatchObject({ recentRestarts: 0, dailyRestarts: 0 });
    expect(await note({ restarts: 0, ...RUNNING }), 'started again').toMatchObject({ recentRestarts: 0 });
    expect(await note({ restarts: 3 }), 'a new loop').toMatchObject({ recentRestarts: 3, dailyRestarts: 3 });
    expect(await memory(RESTART, RESTART, RESTART).note({ restarts: 3, ...gaveUp })).toMatchObject({
      ...{ recentRestarts: 0, dailyRestarts: 0 },
    });
  });

  it('uses the start times of runs, and the restart delay of the unit', async () => {
    const { at, restarts, unit } = memory();
    const read = (ms: number, count: number) => {
      at(ms);
      const links = { upAt: 10_000 + ms };
      const run = { restarts: count, restartDelayMs: 300_000, invocationId: `${count}`, ...RUNNING, links };
      return restarts.note([unit(run)], ms, undefined);
    };
    await read(0, 0);
    await read(300_000, 1);
    await read(600_000, 2);
    expect(restarts.of(unit())).toMatchObject({ recentRestarts: 2 });
  });
});

describe('the result of the runs of a crash loop', () => {
  it.each([
    ['waits for its restart', WAITING, true],
    ['is queued for its restart', { activeState: 'activating', subState: 'auto-restart-queued' }, true],
    ['is briefly failed', { activeState: 'failed', subState: 'failed-before-auto-restart' }, true],
    ['is queued for a start', { activeState: 'failed', subState: 'failed', job: 'start' }, true],
    ['is inactive', { activeState: 'inactive', subState: 'dead' }, true],
    ['runs', RUNNING, false],
  ])('is that of the unit if it %s: %s', async (_, state, expected) => {
    const { note } = memory();
    await note({ restarts: 0, ...RUNNING });
    expect(await note({ restarts: 2, result: 'success', ...state })).toMatchObject({
      restartsAfterSuccess: expected,
    });
  });

  it('is a success only if the last run was one', async () => {
    const { note } = memory();
    await note({ restarts: 0, result: 'success' });
    expect(await note({ restarts: 2, result: 'success' })).toMatchObject({ restartsAfterSuccess: true });
    expect(await note({ restarts: 3, result: 'exit-code' })).toMatchObject({ restartsAfterSuccess: false });
  });

  it('is no success of a unit that is in no loop', async () => {
    const { note } = memory();
    expect(await note({ restarts: 1, result: 'success' })).toMatchObject({ restartsAfterSuccess: false });
  });

  it('is kept while the unit runs again', async () => {
    const { note } = memory();
    await note({ restarts: 0 });
    await note({ restarts: 2, result: 'success' });
    expect(await note({ restarts: 2, ...RUNNING })).toMatchObject({ restartsAfterSuccess: true });
  });

  it.each([
    ['a success', SUCCEEDED, true],
    ['a failure', FAILED, false],
  ])('is read from the journal, once, if no reading was between two runs: %s', async (_, record, success) => {
    const { note } = memory(record);
    await note({ restarts: 0, ...RUNNING });
    expect(journalctl!.calls()).toEqual([]);
    const loop = { ...RUNNING, restarts: 2, result: 'success' };
    expect(await note(loop)).toMatchObject({ recentRestarts: 2, restartsAfterSuccess: success });
    await note({ ...loop, restarts: 3 });
    expect(journalctl!.calls()).toHaveLength(1);
  });

  it.each([
    ['a success', SUCCEEDED, true],
    ['a failure', FAILED, false],
  ])(
    'is read from the journal after reset-failed, which sets it to success: %s',
    async (_, record, success) => {
      const { note } = memory(record);
      await note({ restarts: 0, result: 'exit-code' });
      await note({ restarts: 2, result: 'exit-code' });
      expect(journalctl!.calls()).toEqual([]);
      const reset = { restarts: 0, result: 'success', activeState: 'inactive', subState: 'dead' };
      expect(await note(reset)).toMatchObject({ recentRestarts: 2, restartsAfterSuccess: success });
      expect(journalctl!.calls()).toHaveLength(1);
    },
  );

  it('is that of the unit if that was not reset: a failure, or a counter that goes on', async () => {
    const { note } = memory(SUCCEEDED);
    const down = { activeState: 'inactive', subState: 'dead' };
    await note({ restarts: 1, result: 'exit-code' });
    await note({ restarts: 2, result: 'exit-code' });
    expect(await note({ ...down, restarts: 0, result: 'exit-code' })).toMatchObject({
      ...{ recentRestarts: 1, restartsAfterSuccess: false },
    });
    expect(await note({ ...down, restarts: 1, result: 'success' })).toMatchObject({
      restartsAfterSuccess: true,
    });
    expect(journalctl!.calls()).toEqual([]);
  });

  it('is read from the journal with the restarts before the first reading', async () => {
    const { note } = memory(RESTART, RESTART, RESTART, RESTART, SUCCEEDED);
    expect(await note({ ...RUNNING, restarts: 9, result: 'success' })).toEqual({
      ...{ recentRestarts: 4, dailyRestarts: 4, restartsAfterSuccess: true },
    });
    expect(journalctl!.calls()).toHaveLength(1);
  });
});
