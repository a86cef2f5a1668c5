import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runAct, type ActOptions } from '../../src/execute/run-act.js';
import type { StartProgram } from '../../src/execute/start-program.js';
import type { Plan } from '../../src/model/plan.js';
import { planOf } from '../make.js';
import { callStep, commandStep } from './local-executor.js';

afterEach(() => void vi.restoreAllMocks());
const ACTION = { action: 'switch', parameters: {} };
const optionsWith = (more: Partial<ActOptions> = {}): ActOptions => ({
  definition: undefined,
  planOf: () => Promise.reject(new Error('no plan is needed')),
  admits: () => true,
  signal: new AbortController().signal,
  ...more,
});
const noted = (done: string[], word: string) => callStep(word, () => void done.push(word));
const broken = callStep('two', () => Promise.reject(new Error('it broke')));

/** Stands in for programs: each prints a text on its standard error, and exits with a status. */
const startWith =
  (ends: Readonly<Record<string, readonly [printed: string, exitCode: number]>>): StartProgram =>
  ({ argv }) => {
    const [printed, exitCode] = ends[argv[0] ?? ''] ?? ['', 127];
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    stdout.end();
    stderr.end(printed);
    const closed = [stdout, stderr].map((stream) => new Promise((resolve) => stream.once('end', resolve)));
    const ended = Promise.all(closed).then(() => ({ exitCode }));
    return Promise.resolve({
      ...{
        pid: undefined,
        stdout,
        stderr,
        kill: () => undefined,
        exited: ended.then(() => undefined),
        ended,
      },
    });
  };

describe('a switch that a check refuses', () => {
  const SWITCH = '/system/bin/switch-to-configuration';
  const steps = [
    commandStep([SWITCH, 'switch']),
    { ...commandStep(['back']), onlyIf: 'not-activated' as const },
  ];
  const refused = ['no such kernel\nPre-switch checks failed\n', 1] as const;

  it('is skipped by that gate, after its own way back', async () => {
    const start = startWith({ [SWITCH]: refused, back: ['', 0] });
    const sentence = 'its own check refuses a switch: no such kernel';
    expect(await runAct(planOf({ steps }), ACTION, optionsWith({ start }))).toMatchObject({
      ...{ outcome: 'skipped', blockedBy: 'needs-approval', error: sentence },
      steps: [{ ok: false, block: { reason: 'needs-approval', sentence } }, { ok: true }],
    });
  });

  it('is skipped by that gate if there is no way back', async () => {
    const start = startWith({ [SWITCH]: refused });
    const result = await runAct(planOf({ steps: steps.slice(0, 1) }), ACTION, optionsWith({ start }));
    expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'needs-approval', steps: [{ ok: false }] });
  });

  it('has failed if its own way back failed', async () => {
    const start = startWith({ [SWITCH]: refused, back: ['no such profile', 1] });
    const result = await runAct(planOf({ steps }), ACTION, optionsWith({ start }));
    expect(result).toMatchObject({ outcome: 'failed', steps: [{ ok: false }, { ok: false }] });
    expect(result).not.toHaveProperty('blockedBy');
  });
});

describe('a further run', () => {
  it.each([
    [true, ['first', 'second']],
    [false, ['first']],
  ])(
    'waits for the gates, which get its plan, and which may take their time: %s',
    async (allowed, expected) => {
      const done: string[] = [];
      const second = planOf({ steps: [noted(done, 'second')] });
      const judged: Plan[] = [];
      const options = optionsWith({
        definition: { runs: 2, timeoutMs: 60_000 },
        planOf: () => Promise.resolve(second),
        admits: (plan) => {
          judged.push(plan);
          return Promise.resolve(allowed);
        },
      });
      await runAct(planOf({ steps: [noted(done, 'first')] }), ACTION, options);
      expect(done).toEqual(expected);
      expect(judged).toEqual([second]);
    },
  );

  it('does not begin at the very end of the time limit', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(5_000);
    const done: string[] = [];
    const options = optionsWith({
      definition: { runs: 2, timeoutMs: 0 },
      planOf: () => Promise.resolve(planOf({ steps: [noted(done, 'second')] })),
    });
    await runAct(planOf({ steps: [noted(done, 'first')] }), ACTION, options);
    expect(done).toEqual(['first']);
  });
});

describe('an act that failed half way', () => {
  it('is not undone if its plan has no way back', async () => {
    const plan = planOf({ steps: [callStep('one'), broken] });
    expect(await runAct(plan, ACTION, optionsWith())).toMatchObject({ error: 'two: it broke' });
  });

  const restore = { action: 'switch_back', parameters: {} };

  it('is not undone by a plan that is not needed any more, whatever its steps', async () => {
    const done: string[] = [];
    const refusal = { reason: 'no-expected-gain', sentence: 'It is back already' } as const;
    const options = optionsWith({
      planOf: () => Promise.resolve(planOf({ steps: [noted(done, 'back')], refusal })),
    });
    const result = await runAct(planOf({ steps: [callStep('one'), broken], restore }), ACTION, options);
    expect(result.error).toBe('two: it broke; the steps before it were undone');
    expect(done).toEqual([]);
  });

  it('is not undone if the gates, which may take their time, do not allow it', async () => {
    const done: string[] = [];
    const options = optionsWith({
      planOf: () => Promise.resolve(planOf({ steps: [noted(done, 'back')] })),
      admits: () => Promise.resolve(false),
    });
    const result = await runAct(planOf({ steps: [callStep('one'), broken], restore }), ACTION, options);
    expect(result.error).toContain('the safety gates do not allow it');
    expect(done).toEqual([]);
  });
});
