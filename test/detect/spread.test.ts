import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Due } from '../../src/detect/due.js';
import { longestStartMs, shareOfFirstInterval, UserChecks } from '../../src/detect/user-checks.js';
import { sharedAbortController } from '../../src/base/until.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import type { Check } from '../../src/detect/check.js';
import { healthySnapshot } from '../../src/testing/index.js';

const verdict: ComponentVerdict = {
  ...{ status: 'ok', reason: 'well', check: 'web', component: 'web', type: 'service' },
};
const numbered = (count: number, more: (index: number) => Partial<Check>): Check[] =>
  Array.from({ length: count }, (_, index) => ({
    ...{ name: `c${index}`, component: `c${index}`, type: 'service' as const, parts: [] },
    run: () => ({ status: 'ok', reason: 'well' }),
    ...more(index),
  }));
const added = (all: readonly Check[], monotonic?: () => number): UserChecks => {
  const checks = new UserChecks(monotonic);
  for (const check of all) checks.add(check, []);
  return checks;
};

describe('the fraction of its interval after which a check runs for the second time', () => {
  it('is 1 for the first check, above 0 for all, and the same in every run', () => {
    expect(shareOfFirstInterval(0)).toBe(1);
    const shares = Array.from({ length: 1_000 }, (_, index) => shareOfFirstInterval(index));
    for (const share of shares) {
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThanOrEqual(1);
    }
    expect(shares).toEqual(Array.from({ length: 1_000 }, (_, index) => shareOfFirstInterval(index)));
  });

  it('is a golden section less for each further check, and wraps above 0', () => {
    expect(shareOfFirstInterval(1)).toBeCloseTo(0.381966, 6);
    expect(shareOfFirstInterval(2)).toBeCloseTo(0.763932, 6);
  });

  it.each([2, 3, 10, 100, 1_000])(
    'spreads %i checks evenly: no tenth of the interval has twice its share',
    (count) => {
      const tenths = new Array<number>(10).fill(0);
      for (let index = 0; index < count; index += 1)
        tenths[Math.ceil(shareOfFirstInterval(index) * 10) - 1]! += 1;
      expect(Math.max(...tenths)).toBeLessThanOrEqual(Math.max(1, Math.ceil((2 * count) / 10)));
    },
  );

  it('applies once, before the first full interval', () => {
    const due = new Due(100, 0.4);
    const runsAt: number[] = [];
    for (let second = 0; second <= 500; second += 5) {
      if (due.lastAt(second * 1_000)) continue;
      runsAt.push(second);
      void due.keep(verdict, second * 1_000);
    }
    // A run that is early by a tenth is not late.
    expect(runsAt).toEqual([0, 40, 130, 220, 310, 400, 490]);
  });
});

describe('many checks with `every`', () => {
  it('all run in the first cycle, and never again in one cycle together', () => {
    let now = 0;
    const runs: number[] = [];
    const count = 100;
    const checks = added(
      numbered(count, () => ({
        every: 600,
        run: () => {
          runs[now / 30_000] = (runs[now / 30_000] ?? 0) + 1;
          return { status: 'ok', reason: 'well' };
        },
      })),
      () => now,
    );
    const cycles = 200;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      now = cycle * 30_000;
      void checks.run(checks.names, healthySnapshot(), { recent: true });
    }
    expect(runs[0]).toBe(count);
    expect(Math.max(...runs.slice(1).map((one) => one ?? 0))).toBeLessThanOrEqual(count / 8);
  });
});

describe('many asynchronous checks in one cycle', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('start one after the other after the first ten, and all return', async () => {
    const startedAt: number[] = [];
    const begin = performance.now();
    const checks = added(
      numbered(30, () => ({
        run: async () => {
          startedAt.push(performance.now() - begin);
          return Promise.resolve({ status: 'ok', reason: 'well' });
        },
      })),
    );
    const looked = Promise.resolve(checks.run(checks.names, healthySnapshot(), {}));
    expect(startedAt).toHaveLength(10);
    await vi.advanceTimersByTimeAsync(longestStartMs(30));
    expect((await looked).map(({ check }) => check)).toEqual(checks.names);
    expect(startedAt.slice(10)).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) * 5));
  });

  it('do not delay synchronous checks, which all run at once', () => {
    const checks = added(numbered(1_000, () => ({})));
    expect(checks.run(checks.names, healthySnapshot(), {})).toHaveLength(1_000);
  });

  it('end when the cycle is aborted, each with a verdict', async () => {
    const stop = sharedAbortController();
    const checks = added(numbered(40, () => ({ run: () => new Promise<never>(() => undefined) })));
    const looked = Promise.resolve(checks.run(checks.names, healthySnapshot(), { signal: stop.signal }));
    await vi.advanceTimersByTimeAsync(7);
    stop.abort();
    await vi.advanceTimersByTimeAsync(0);
    const verdicts = await looked;
    expect(verdicts).toHaveLength(40);
    for (const { status } of verdicts) expect(status).toBe('unknown');
  });

  it('extend the time limit of the cycle by the time that their starts take', () => {
    expect(added(numbered(1_000, () => ({}))).longestMs).toBe(5_000 + longestStartMs(1_000));
    expect([longestStartMs(0), longestStartMs(10), longestStartMs(1_000)]).toEqual([0, 0, 4_950]);
  });
});
