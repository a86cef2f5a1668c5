import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import { BUILT_IN_CHECKS } from '../../src/model/built-in-checks.js';
import type { Verdict } from '../../src/model/issue.js';
import { checkConformance, fakeHost } from '../../src/testing/index.js';

const checkOf = (run: Check['run'], more: Partial<Check> = {}): Check => ({
  name: 'queue',
  component: 'queue',
  type: 'resource',
  run,
  ...more,
});
const bad: Verdict = { status: 'bad', severity: 2, value: 12, threshold: 10, reason: '12 jobs are waiting' };
const detectorWith = (...checks: Check[]) =>
  new SimpleDetector({ host: fakeHost(), checks, enabledChecks: checks.map(({ name }) => name) });
const verdictOf = async (check: Check, signal?: AbortSignal) =>
  (await detectorWith(check).inspect(signal ? { signal } : {}))[0];

describe('a custom check', () => {
  it.each([
    ['a verdict synchronously', () => bad],
    ['a promise of a verdict', () => Promise.resolve(bad)],
  ])('may return %s', async (_how, run) => {
    expect(await verdictOf(checkOf(run))).toEqual({
      ...bad,
      check: 'queue',
      component: 'queue',
      type: 'resource',
      settleMs: 60_000,
    });
    expect(await detectorWith(checkOf(run)).detectIssues()).toMatchObject([
      { component: 'queue', severity: 2, metricValue: 12, threshold: 10, description: '12 jobs are waiting' },
    ]);
  });

  it('has severity HIGH if its verdict has none', async () => {
    const issues = await detectorWith(
      checkOf(() => ({ status: 'bad', reason: 'it is stuck' })),
    ).detectIssues();
    expect(issues).toMatchObject([{ severity: 3, metricValue: 0, threshold: 0 }]);
  });

  it('receives the whole snapshot', async () => {
    const run = vi.fn<Check['run']>(() => bad);
    await verdictOf(checkOf(run));
    const [snapshot] = run.mock.calls[0]!;
    expect(snapshot).toMatchObject({ cpu: { cpus: 4 }, memory: { scope: 'host' }, load: { cpus: 4 } });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no connection');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no connection'))],
  ])('is unknown when it %s', async (_how, run) => {
    expect(await verdictOf(checkOf(run))).toMatchObject({
      status: 'unknown',
      reason: 'The check `queue` threw: no connection',
    });
  });

  it.each([
    ['nothing', undefined],
    ['a boolean', true],
    ['no status', { reason: 'x' }],
    ['an invalid status', { status: 'great', reason: 'x' }],
    ['no reason', { status: 'bad' }],
    ['an invalid severity', { status: 'bad', reason: 'x', severity: 9 }],
    ['a value that is NaN', { status: 'bad', reason: 'x', value: NaN }],
    ['a threshold that is not a number', { status: 'bad', reason: 'x', threshold: '90' }],
    ['evidence that is not a list', { status: 'bad', reason: 'x', evidence: 5 }],
  ])('is unknown, and never bad, when it returns %s', async (_what, answer) => {
    for (const run of [() => answer, () => Promise.resolve(answer)]) {
      const detector = detectorWith(checkOf(run as Check['run']));
      expect(await detector.inspect()).toMatchObject([{ status: 'unknown', component: 'queue' }]);
      expect(await detector.detectIssues()).toEqual([]);
    }
  });

  it('does not stop the other checks when it throws', async () => {
    const broken = checkOf(() => Promise.reject(new Error('x')), { name: 'broken' });
    const well = checkOf(() => bad, { name: 'well', component: 'well' });
    expect(await detectorWith(broken, well).detectIssues()).toMatchObject([{ component: 'well' }]);
  });

  it('may have a component named like a unit or a resource', async () => {
    for (const component of ['cache.service', 'disk', 'inodes', 'my pool']) {
      const detector = detectorWith(checkOf(() => bad, { component }));
      expect(await detector.inspect({ component })).toMatchObject([{ component, status: 'bad' }]);
    }
  });
});

describe('a check that exceeds its time limit', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is unknown, is aborted, and is not run a second time until it ends', async () => {
    let answer = (_verdict: Verdict): void => undefined;
    let signal: AbortSignal | undefined;
    const run = vi.fn<Check['run']>((_snapshot, context) => {
      signal = context.signal;
      return new Promise((resolve) => (answer = resolve));
    });
    const detector = detectorWith(checkOf(run, { timeoutMs: 200 }));
    const first = detector.inspect();
    await vi.advanceTimersByTimeAsync(199);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await first).toMatchObject([
      { status: 'unknown', reason: 'The check `queue` did not answer within 200 ms' },
    ]);
    expect(signal?.aborted).toBe(true);

    expect(await detector.inspect()).toMatchObject([
      { status: 'unknown', reason: 'The check `queue` is still busy with an earlier run' },
    ]);
    expect(run).toHaveBeenCalledTimes(1);

    answer(bad);
    await vi.advanceTimersByTimeAsync(0);
    const third = detector.inspect();
    await vi.advanceTimersByTimeAsync(0);
    answer(bad);
    expect(await third).toMatchObject([{ status: 'bad' }]);
  });

  it('has a limit of 5 s by default', async () => {
    const inspected = detectorWith(checkOf(() => new Promise(() => undefined))).inspect();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await inspected).toMatchObject([{ reason: 'The check `queue` did not answer within 5 s' }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is unknown at once when the caller aborts', async () => {
    const controller = new AbortController();
    const inspected = verdictOf(
      checkOf(() => new Promise(() => undefined)),
      controller.signal,
    );
    await vi.advanceTimersByTimeAsync(0);
    controller.abort();
    expect(await inspected).toMatchObject({ status: 'unknown' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('addCheck', () => {
  const add = (check: unknown) => () => new SimpleDetector({ host: fakeHost() }).addCheck(check as Check);

  it('enables the check, and returns the detector', () => {
    const detector = new SimpleDetector({ host: fakeHost() });
    expect(detector.addCheck(checkOf(() => bad))).toBe(detector);
    expect(detector.enabledChecks).toEqual([...BUILT_IN_CHECKS, 'queue']);
  });

  it.each([
    [{ ...checkOf(() => bad), name: 'cpu' }, 'Expected `check.name` to be a name that no other check has'],
    [{ ...checkOf(() => bad), name: '' }, 'Expected `check.name` to be a non-empty string'],
    [{ ...checkOf(() => bad), component: undefined }, 'Expected `check.component` to be a non-empty string'],
    [{ ...checkOf(() => bad), type: 'resources' }, 'did you mean `resource`?'],
    [{ ...checkOf(() => bad), run: undefined }, 'Expected `check` to be an object with a method `run`'],
    [
      { ...checkOf(() => bad), timeoutMs: 0 },
      'Expected `check.timeoutMs` to be a number from 1 to 600000, got `0`',
    ],
    [{ ...checkOf(() => bad), timeoutMs: Infinity }, 'Expected `check.timeoutMs`'],
    ['queue', 'Expected `check` to be an object'],
  ])('refuses %o', (check, message) => {
    expect(add(check)).toThrow(message);
  });

  it('refuses a name that was added before', () => {
    const detector = detectorWith(checkOf(() => bad));
    expect(() => detector.addCheck(checkOf(() => bad))).toThrow(
      'a name that no other check has, got `"queue"`',
    );
  });
});

describe('the conformance suite of checks', () => {
  it.each(checkConformance(() => checkOf(() => bad)))('$name', ({ run }) => run());
});
