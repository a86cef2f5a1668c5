import { describe, expect, it } from 'vitest';
import { endedWell } from '../../../src/host/systemd/restart-memory.js';
import {
  addSample,
  chainOf,
  dailyRestarts,
  recentRestarts,
  type RestartHistory,
} from '../../../src/host/systemd/restart-history.js';
import { recordsIn } from '../../../src/host/systemd/journal-records.js';

const MINUTE = 60_000;

describe('restarts before the first reading', () => {
  it.each([
    ['are a chain while the runs between them are short', [1, 2, 3], 3.5, 100, 3],
    ['end at a long run', [1, 2, 9, 10], 10.2, 100, 2],
    ['do not count once the last run is long', [1, 2, 3], 4.5, 100, 0],
    ['are those of the last 10 min', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 11.5, 100, 10],
    ['may be as far apart as RestartSec= has them', [0, 6, 12], 14, 5 * MINUTE, 3],
    ['do not count where a run was twice as long as RestartSec=', [0, 16, 32], 33, 5 * MINUTE, 1],
  ])('%s', (_what, minutes, now, delayMs, expected) => {
    expect(
      chainOf(
        minutes.map((at) => at * MINUTE),
        now * MINUTE,
        delayMs,
      ),
    ).toBe(expected);
  });
});

describe('a history of restarts', () => {
  const after = (
    delayMs: number,
    ...readings: readonly (readonly [minute: number, restarts: number, run?: string])[]
  ) =>
    readings.reduce<RestartHistory | undefined>((history, [minute, restarts, run]) => {
      const sample = {
        at: minute * MINUTE,
        restarts,
        delayMs,
        invocationId: run ?? '',
        active: run !== undefined,
      };
      return addSample(history, sample);
    }, undefined)!;

  /** History of ten minutes with these lengths of runs and delays, at one reading per minute. */
  function onceAMinute(lifeMs: number, delayMs: number): RestartHistory {
    let history: RestartHistory | undefined;
    for (let at = 7_000; at < 10 * MINUTE; at += MINUTE) {
      const restarts = Math.floor(at / (lifeMs + delayMs));
      const upAt = 1_000_000 + restarts * (lifeMs + delayMs);
      const active = 1_000_000 + at < upAt + lifeMs;
      const sample = { at, restarts, delayMs, invocationId: `${restarts}`, active, upAt };
      history = addSample(history, active ? sample : { ...sample, upAt: upAt + lifeMs });
    }
    return history!;
  }

  it('detects a slow loop by the RestartSec= of its unit', () => {
    const slow = [
      [0, 0],
      [5, 1],
      [11, 2],
      [17, 3],
    ] as const;
    expect(recentRestarts(after(5 * MINUTE, ...slow))).toBe(3);
    expect(recentRestarts(after(100, ...slow))).toBe(0);
    expect(recentRestarts(onceAMinute(62_000, 40_000)), 'lives of 62 s').toBeGreaterThanOrEqual(3);
    expect(recentRestarts(onceAMinute(45_000, 100)), 'lives of 45 s').toBeGreaterThanOrEqual(3);
    expect(recentRestarts(onceAMinute(62_000, 100)), 'long lives').toBeLessThan(3);
    expect(recentRestarts(onceAMinute(90_000, 40_000)), 'long lives').toBeLessThan(3);
  });

  it('counts the restarts of a day, also across long runs', () => {
    const hourly = Array.from({ length: 30 }, (_, hour) => [hour * 60, hour, `${hour}`] as const);
    const history = after(100, ...hourly);
    expect(recentRestarts(history)).toBe(0);
    expect(dailyRestarts(history)).toBe(24);
    expect(history.daily.length).toBeLessThanOrEqual(24);
  });

  it('starts with the restarts from the journal', () => {
    const sample = { at: 0, restarts: 29, delayMs: 100, invocationId: '', active: false };
    const history = addSample(undefined, sample, { recent: 4, daily: 12 });
    expect([recentRestarts(history), dailyRestarts(history)]).toEqual([4, 12]);
  });
});

describe('a record of PID 1', () => {
  const line = (more: object) =>
    JSON.stringify({ UNIT: 'a.service', __MONOTONIC_TIMESTAMP: '5000000', ...more });
  const of = (...lines: string[]) => recordsIn(lines.join('\n')).get('a.service') ?? [];

  it('is recognized by its message id, or by the result of a job', () => {
    expect(
      of(
        line({ MESSAGE_ID: '5eb03494b6584870a536b337290809b3' }),
        line({ MESSAGE_ID: 'd9b373ed55a64feb8242e02dbe79a49c' }),
        line({ JOB_TYPE: 'start', JOB_RESULT: 'dependency' }),
      ),
    ).toEqual([
      { kind: 'restart', at: 5_000, job: '', result: '' },
      { kind: 'failed', at: 5_000, job: '', result: '' },
      { kind: 'job', at: 5_000, job: 'start', result: 'dependency' },
    ]);
  });

  it('is skipped if it is incomplete', () => {
    expect(
      of(
        '',
        'no json',
        '{broken',
        line({ JOB_TYPE: 'stop' }),
        line({ UNIT: 7, JOB_TYPE: 'stop', JOB_RESULT: 'done' }),
      ),
    ).toEqual([]);
    expect(of(line({ JOB_TYPE: 'stop', JOB_RESULT: 'done', __MONOTONIC_TIMESTAMP: 'x' }))).toEqual([]);
  });

  it('contains the result of the last run', () => {
    const ended = (...kinds: ('failed' | 'succeeded' | 'restart')[]) =>
      endedWell(kinds.map((kind, at) => ({ kind, at, job: '', result: '' })));
    expect(ended('failed', 'restart', 'succeeded', 'restart')).toBe(true);
    expect(ended('succeeded', 'failed', 'restart')).toBe(false);
    expect(ended()).toBe(false);
  });
});
