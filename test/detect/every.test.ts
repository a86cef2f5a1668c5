import { describe, expect, it, vi } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import type { Verdict } from '../../src/model/issue.js';
import { fakeClock, fakeHost } from '../../src/testing/index.js';
import { benchOf } from '../make-engine.js';

const BAD: Verdict = { status: 'bad', reason: 'No answer' };
const OK: Verdict = { status: 'ok', reason: 'It answers' };

function made(more: Partial<Check> = {}) {
  const clock = fakeClock();
  const run = vi.fn<Check['run']>(() => Promise.resolve(BAD));
  const check: Check = {
    name: 'web',
    component: 'web',
    type: 'service',
    parts: [],
    every: 300,
    run,
    ...more,
  };
  const detector = new SimpleDetector({ host: fakeHost(), clock, checks: [check], enabledChecks: ['web'] });
  return { clock, run, detector };
}

describe('a check with `every`', () => {
  it('runs when it is due, and keeps its last verdict until then', async () => {
    const { clock, run, detector } = made();
    await detector.inspect({ recent: true });
    await clock.advance(60_000);
    expect(await detector.inspect({ recent: true })).toMatchObject([{ status: 'bad', repeated: true }]);
    expect(run).toHaveBeenCalledTimes(1);
    await clock.advance(240_000);
    const [verdict] = await detector.inspect({ recent: true });
    expect(verdict).not.toHaveProperty('repeated');
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('is due in a cycle that starts slightly early', async () => {
    const { clock, run, detector } = made({ every: 60 });
    await detector.inspect({ recent: true });
    await clock.advance(59_900);
    await detector.inspect({ recent: true });
    expect(run).toHaveBeenCalledTimes(2);
  });

  it.each([
    ['a single cycle', {}],
    ['a reading of its component', { component: 'web', recent: true }],
    ['a proof', { component: 'web', fresh: true }],
  ])('always runs for %s', async (_what, request) => {
    const { run, detector } = made();
    await detector.inspect({ recent: true });
    await detector.inspect(request);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('opens an issue in monitoring after `failAfter` runs, not cycles, and clears it after `recoverAfter`', async () => {
    let answer = BAD;
    const run = vi.fn(() => answer);
    const check: Check = {
      ...{ name: 'web', component: 'web', type: 'service', parts: [], run },
      ...{ every: 120, failAfter: 2, recoverAfter: 2 },
    };
    const bench = benchOf({}, { checks: [check], enabledChecks: ['web'], dryRun: true });
    const monitoring = bench.engine.startMonitoring(60);
    const counts = () => bench.told.filter((one) => one.startsWith('issue:')).join(', ');
    await bench.clock.advance(60_000);
    expect([run.mock.calls.length, counts()]).toEqual([1, '']);
    await bench.clock.advance(60_000);
    expect([run.mock.calls.length, counts()]).toEqual([2, 'issue:opened web']);
    answer = OK;
    await bench.clock.advance(120_000);
    expect(counts()).toBe('issue:opened web');
    await bench.clock.advance(120_000);
    expect(counts()).toBe('issue:opened web, issue:cleared web');
    await bench.done(bench.engine.close());
    await monitoring;
  });
});

describe('an invalid value of `every`, `failAfter` or `recoverAfter`', () => {
  it.each([
    [
      { every: 0 },
      'Expected `check.every` to be a number of seconds over 0 and up to 86400, got `0` (number)',
    ],
    [{ every: '60' }, 'Expected `check.every` to be a number of seconds'],
    [{ failAfter: 0 }, 'Expected `check.failAfter` to be a number from 1 to 1000, got `0` (number)'],
    [{ failAfter: 1.5 }, 'Expected `check.failAfter` to be a whole number, got `1.5` (number)'],
    [{ recoverAfter: true }, 'Expected `check.recoverAfter` to be a number from 1 to 1000'],
  ])('in %o is refused', (more, sentence) => {
    expect(() => made(more as never)).toThrow(sentence);
  });
});
