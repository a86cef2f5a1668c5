import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSample, recentRestarts, type RestartHistory } from '../../../src/host/systemd/restart-history.js';

/** History after readings of `[second, NRestarts, run]`; without a run the unit is not active. */
function after(
  ...readings: readonly (readonly [second: number, restarts: number, run?: string])[]
): RestartHistory {
  let history: RestartHistory | undefined;
  for (const [second, restarts, run] of readings) {
    const sample = {
      at: second * 1000,
      restarts,
      delayMs: 100,
      invocationId: run ?? '',
      active: run !== undefined,
    };
    history = addSample(history, sample);
  }
  return history!;
}

describe('the history of restarts', () => {
  it('has no recent restart at the first reading, whatever the counter', () => {
    expect(recentRestarts(after([0, 500]))).toBe(0);
  });

  it('counts the growth of the counter between readings', () => {
    expect(recentRestarts(after([0, 0, 'a'], [10, 1, 'b'], [20, 3, 'c']))).toBe(3);
  });

  it('detects a crash loop between two short active runs', () => {
    expect(recentRestarts(after([0, 4, 'a'], [30, 7, 'b']))).toBe(3);
  });

  it('forgets restarts after 10 minutes', () => {
    expect(recentRestarts(after([0, 0], [10, 3], [609, 3]))).toBe(3);
    expect(recentRestarts(after([0, 0], [10, 3], [610, 3]))).toBe(0);
  });

  it('forgets restarts after a run of 60 s', () => {
    expect(recentRestarts(after([0, 0, 'a'], [10, 3, 'b'], [69, 3, 'b']))).toBe(3);
    expect(recentRestarts(after([0, 0, 'a'], [10, 3, 'b'], [70, 3, 'b']))).toBe(0);
  });

  it('does not take two short runs for a long one', () => {
    expect(recentRestarts(after([0, 0, 'a'], [40, 1, 'b'], [80, 2, 'c'], [120, 3, 'd']))).toBe(3);
  });

  it('counts from 0 again when the counter goes down, and keeps what it counted before', () => {
    expect(recentRestarts(after([0, 0], [10, 5], [20, 0]))).toBe(5);
    expect(recentRestarts(after([0, 0], [10, 5], [20, 1]))).toBe(6);
    expect(recentRestarts(after([0, 29], [10, 0], [20, 2], [30, 3]))).toBe(3);
  });

  it('does not count a restart that may have followed an unseen run of 60 s', () => {
    expect(recentRestarts(after([0, 0, 'a'], [300, 3, 'b']))).toBe(0);
    expect(recentRestarts(after([0, 0, 'a'], [70, 1, 'b'], [140, 2, 'c'], [210, 3, 'd']))).toBe(0);
  });

  it('detects a fast crash loop with one reading per minute', () => {
    expect(recentRestarts(after([0, 0], [60, 40]))).toBeGreaterThanOrEqual(3);
  });

  it('stays small and never counts more than the growth of the counter, for any readings', () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 90_000 }),
      restarts: fc.integer({ min: 0, max: 5 }),
      active: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let history: RestartHistory | undefined;
        let at = 0;
        let counter = 0;
        for (const { wait, restarts, active } of steps) {
          at += wait;
          counter += restarts;
          history = addSample(history, {
            at,
            restarts: counter,
            delayMs: 100,
            invocationId: `${counter}`,
            active,
          });
          expect(recentRestarts(history)).toBeGreaterThanOrEqual(0);
          expect(recentRestarts(history)).toBeLessThanOrEqual(counter);
          expect(history.growth.length).toBeLessThanOrEqual(61);
        }
      }),
      { numRuns: 50 },
    );
  });
});
