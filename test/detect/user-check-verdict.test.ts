import { describe, expect, it, vi } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { CheckRunner } from '../../src/detect/user-check.js';
import type { ComponentVerdict, Verdict } from '../../src/model/issue.js';
import { fakeHost } from '../../src/testing/index.js';

const snapshot = fakeHost().read();
const bad: Verdict = { status: 'bad', reason: 'it answered 502' };
const ok: Verdict = { status: 'ok', reason: 'it answered 200' };
const about = { check: 'http', component: 'web', type: 'service', settleMs: 60_000 };

/** Creates a runner of a synchronous check that gives these answers in turn. */
function runnerOf(answers: readonly unknown[], more: Partial<Check> = {}) {
  const left = [...answers];
  const run = () => left.shift() as Verdict;
  const runner = new CheckRunner({ name: 'http', component: 'web', type: 'service', run, ...more });
  return { runner, run: () => runner.run(snapshot) as ComponentVerdict };
}

describe('the verdict of a custom check', () => {
  it('is its answer, frozen, with the check, its component, its type and its settle time', () => {
    const { run } = runnerOf([bad]);
    const verdict = run();
    expect(verdict).toEqual({ ...bad, ...about });
    expect(Object.isFrozen(verdict)).toBe(true);
  });

  it('has the settings of the check, if it has any', () => {
    const heals = { action: 'restart_web', parameters: {} };
    const { run } = runnerOf([ok], { failAfter: 2, recoverAfter: 3, heals });
    expect(run()).toEqual({ ...ok, ...about, failAfter: 2, recoverAfter: 3, heals });
  });

  it('has the settings of the check also if it is unknown', () => {
    const { run } = runnerOf([null], { failAfter: 2 });
    expect(run()).toEqual({
      ...{ status: 'unknown', ...about, failAfter: 2 },
      reason: 'The check `http` returned an invalid verdict: null is not a verdict',
    });
  });

  it('is the same object for the same frozen answer, and a new one for an answer that may have changed', () => {
    const frozen = Object.freeze({ ...ok });
    const same = runnerOf([frozen, frozen]);
    expect(same.run()).toBe(same.run());
    const answer: { -readonly [Key in keyof Verdict]: Verdict[Key] } = { ...ok };
    const changed = runnerOf([answer, answer]);
    expect(changed.run().status).toBe('ok');
    answer.status = 'bad';
    expect(changed.run().status).toBe('bad');
  });

  it('is kept as the last bad one until the next bad one', () => {
    const { runner, run } = runnerOf([ok, bad, ok, { ...bad, reason: 'it answered 503' }]);
    const found = [1, 2, 3, 4].map(() => (run(), runner.found?.reason));
    expect(found).toEqual([undefined, 'it answered 502', 'it answered 502', 'it answered 503']);
  });

  it.each<[string, Partial<Record<keyof Verdict, unknown>>]>([
    ['each severity', { severity: 1 }],
    ['each severity', { severity: 2 }],
    ['each severity', { severity: 3 }],
    ['each severity', { severity: 4 }],
    ['a value with its threshold and unit', { value: 0, threshold: -1.5, clearsAt: 2, valueUnit: 'ms' }],
    ['lines of evidence and of the log', { evidence: ['a', 'b'], log: [] }],
  ])('may have %s', (_what, more) => {
    expect(runnerOf([{ ...bad, ...more }]).run()).toEqual({ ...bad, ...about, ...more });
  });

  it.each<[unknown, string]>([
    ['ok', 'ok is not a verdict'],
    [undefined, 'undefined is not a verdict'],
    [{ reason: 'x' }, 'status undefined'],
    [{ ...bad, status: 'fine' }, 'status fine'],
    [{ status: 'bad' }, 'no reason'],
    [{ ...bad, severity: 0 }, 'severity 0'],
    [{ ...bad, severity: 5 }, 'severity 5'],
    [{ ...bad, valueUnit: 7 }, 'valueUnit 7'],
    [{ ...bad, value: NaN }, 'NaN is not a finite number'],
    [{ ...bad, value: '7' }, '7 is not a finite number'],
    [{ ...bad, threshold: Infinity }, 'Infinity is not a finite number'],
    [{ ...bad, clearsAt: null }, 'null is not a finite number'],
    [{ ...bad, evidence: 'a line' }, 'evidence that is not a list of lines'],
    [{ ...bad, log: ['a line', 7] }, 'log that is not a list of lines'],
  ])('is unknown for the answer %j', (answer, problem) => {
    expect(runnerOf([answer]).run()).toMatchObject({
      status: 'unknown',
      reason: `The check \`http\` returned an invalid verdict: ${problem}`,
    });
  });

  it('is unknown if the answer throws when it is read', () => {
    const answer = Object.defineProperty({}, 'status', {
      get: () => {
        throw new Error('no');
      },
    });
    expect(runnerOf([answer]).run().reason).toBe('The check `http` returned an invalid verdict: no');
  });

  it('is unknown if the check throws or rejects', async () => {
    const fail = {
      run: () => {
        throw new Error('no route');
      },
    };
    const reject = { run: () => Promise.reject(new Error('no route')) };
    for (const more of [fail, reject])
      expect(await runnerOf([], more).runner.run(snapshot)).toMatchObject({
        ...{ status: 'unknown', reason: 'The check `http` threw: no route' },
      });
  });
});

describe('the signal of a custom check', () => {
  it('is aborted at its time limit, and not before', async () => {
    vi.useFakeTimers();
    try {
      let signal: AbortSignal | undefined;
      const { runner } = runnerOf([], {
        timeoutMs: 1_000,
        run: (_snapshot, context) => {
          ({ signal } = context);
          return new Promise<Verdict>(() => undefined);
        },
      });
      const late = runner.run(snapshot);
      await vi.advanceTimersByTimeAsync(999);
      expect(signal?.aborted).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(signal?.aborted).toBe(true);
      expect(await late).toMatchObject({ reason: 'The check `http` did not answer within 1 s' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('is aborted also for a check that asks for it afterwards', async () => {
    vi.useFakeTimers();
    try {
      let context: { readonly signal: AbortSignal } | undefined;
      const { runner } = runnerOf([], {
        run: (_snapshot, given) => {
          context = given;
          return new Promise<Verdict>(() => undefined);
        },
      });
      const stop = new AbortController();
      const stopped = runner.run(snapshot, stop.signal);
      stop.abort();
      expect(await stopped).toMatchObject({ reason: 'The check `http` was ended before it answered' });
      expect(context?.signal.aborted).toBe(true);
      expect(context?.signal).toBe(context?.signal);
    } finally {
      vi.useRealTimers();
    }
  });
});
