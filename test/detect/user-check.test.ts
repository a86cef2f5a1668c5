import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CheckRunner } from '../../src/detect/user-check.js';
import { UserChecks } from '../../src/detect/user-checks.js';
import type { Verdict } from '../../src/model/issue.js';
import { fakeHost } from '../../src/testing/index.js';

const snapshot = fakeHost().read();
const bad: Verdict = { status: 'bad', reason: 'it answered 502' };
const ok: Verdict = { status: 'ok', reason: 'it answered 200' };

/** Creates a check whose runs end when the test resolves them. */
function askedCheck() {
  const answers: ((verdict: Verdict) => void)[] = [];
  const check = {
    ...({ name: 'http', component: 'web', type: 'service', timeoutMs: 5_000 } as const),
    run: () => new Promise<Verdict>((resolve) => answers.push(resolve)),
  };
  return { check, answers };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a check that is still running', () => {
  it('runs again for a proof, because a run that began before the repair proves nothing', async () => {
    const { check, answers } = askedCheck();
    const checks = new UserChecks();
    checks.add(check, []);
    const look = checks.run(['http'], snapshot, {});
    const proof = checks.run(['http'], snapshot, { component: 'web', fresh: true });
    expect(answers).toHaveLength(1);
    answers[0]!(ok);
    await vi.advanceTimersByTimeAsync(0);
    expect(answers).toHaveLength(2);
    answers[1]!(bad);
    expect(await look).toMatchObject([{ status: 'ok' }]);
    expect(await proof).toMatchObject([{ status: 'bad' }]);
  });

  it('shares its verdict with the reading before a repair, and does not run twice', async () => {
    const { check, answers } = askedCheck();
    const checks = new UserChecks();
    checks.add(check, []);
    const look = checks.run(['http'], snapshot, {});
    const again = checks.run(['http'], snapshot, { component: 'web' });
    answers[0]!(bad);
    expect(await look).toMatchObject([{ status: 'bad' }]);
    expect(await again).toMatchObject([{ status: 'bad' }]);
    expect(answers).toHaveLength(1);
  });

  it('shares its verdict with a cycle that starts later, which does not report the check as busy', async () => {
    const { check, answers } = askedCheck();
    const runner = new CheckRunner(check);
    const proof = runner.run(snapshot, undefined, true);
    const cycle = runner.run(snapshot);
    answers[0]!(bad);
    expect(await proof).toMatchObject({ status: 'bad' });
    expect(await cycle).toMatchObject({ status: 'bad' });
    expect(answers).toHaveLength(1);
  });

  it('delays a cycle by at most its own time limit', async () => {
    const { check } = askedCheck();
    const runner = new CheckRunner(check);
    void runner.run(snapshot);
    await vi.advanceTimersByTimeAsync(4_000);
    const cycle = runner.run(snapshot);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await cycle).toMatchObject({ reason: 'The check `http` did not answer within 5 s' });
    expect(runner.run(snapshot)).toMatchObject({
      status: 'unknown',
      reason: 'The check `http` is still busy with an earlier run',
    });
  });
});

describe('a check that exceeded its time limit', () => {
  it('is unknown, its late result is ignored, and it runs again only after it has ended', async () => {
    const { check, answers } = askedCheck();
    const runner = new CheckRunner(check);
    const late = runner.run(snapshot);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await late).toMatchObject({
      status: 'unknown',
      reason: 'The check `http` did not answer within 5 s',
    });
    expect(await runner.run(snapshot, undefined, true)).toMatchObject({ status: 'unknown' });
    expect(await runner.run(snapshot, undefined, false)).toMatchObject({ status: 'unknown' });
    expect(answers).toHaveLength(1);
    answers[0]!(ok);
    await vi.advanceTimersByTimeAsync(0);
    const next = runner.run(snapshot, undefined, true);
    expect(answers).toHaveLength(2);
    answers[1]!(bad);
    expect(await next).toMatchObject({ status: 'bad' });
  });

  it('delays a proof by at most its limit, and each of two proofs gets a verdict', async () => {
    const { check, answers } = askedCheck();
    const runner = new CheckRunner(check);
    void runner.run(snapshot);
    const proofs = [1, 2].map(() => runner.run(snapshot, undefined, true));
    await vi.advanceTimersByTimeAsync(5_000);
    for (const proof of proofs) expect(await proof).toMatchObject({ status: 'unknown' });
    expect(answers).toHaveLength(1);
  });

  it('does not delay a proof that is aborted', async () => {
    const { check } = askedCheck();
    const runner = new CheckRunner(check);
    const stop = new AbortController();
    const look = runner.run(snapshot, stop.signal);
    const proof = runner.run(snapshot, stop.signal, true);
    stop.abort();
    expect(await look).toMatchObject({ status: 'unknown' });
    expect(await proof).toMatchObject({ status: 'unknown' });
  });
});

describe('the settle time of a repair', () => {
  it.each([
    [undefined, 60_000],
    [0, 0],
    [3_600_000, 3_600_000],
  ])('that a check sets to %s is %i ms', async (settleMs, expected) => {
    const runner = new CheckRunner({
      ...({ name: 'http', component: 'web', type: 'service', run: () => ok } as const),
      ...(settleMs === undefined ? {} : { settleMs }),
    });
    expect(await runner.run(snapshot)).toMatchObject({ settleMs: expected });
  });

  it.each([-1, 3_600_001, Number.NaN, Infinity, '1', null])('is refused as %s', (settleMs) => {
    const check = { name: 'http', component: 'web', type: 'service', run: () => ok, settleMs };
    expect(() => new UserChecks().add(check as never, [])).toThrow('check.settleMs');
  });
});
