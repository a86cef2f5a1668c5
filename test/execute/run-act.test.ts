import { describe, expect, it } from 'vitest';
import { runAct, type ActOptions } from '../../src/execute/run-act.js';
import type { Block, CallStep, HealingAction, Plan } from '../../src/model/plan.js';
import { planOf } from '../make.js';

const ACTION: HealingAction = { action: 'switch', parameters: {} };
const BACK: HealingAction = { action: 'switch_back', parameters: { to: 'a' } };

/** A step that notes its name, and fails on request. */
const step = (done: string[], name: string, isBroken = false): CallStep => ({
  ...{ kind: 'call', name, timeoutMs: 60_000, interruptible: true },
  run: () => {
    done.push(name);
    if (isBroken) throw new Error('it broke');
  },
});

/** Carries out a plan of two steps, of which the second fails, and can be undone. */
async function halfDone(back: (done: string[]) => Partial<Plan> | Error, more: Partial<ActOptions> = {}) {
  const done: string[] = [];
  const asked: HealingAction[] = [];
  const result = await runAct(
    planOf({ steps: [step(done, 'one'), step(done, 'two', true)], restore: BACK }),
    ACTION,
    {
      definition: undefined,
      planOf: async (action) => {
        asked.push(action);
        const plan = back(done);
        if (plan instanceof Error) throw plan;
        return planOf({ action: action.action, ...plan });
      },
      admits: () => true,
      signal: new AbortController().signal,
      ...more,
    },
  );
  return { result, done, asked };
}

const refusal = (reason: Block['reason']): Block => ({ reason, sentence: 'policy1 cannot be read' });

describe('an act of which one step was done before another failed', () => {
  it('is undone by the plan of its `restore`', async () => {
    const { result, done, asked } = await halfDone((log) => ({ steps: [step(log, 'back')] }));
    expect(done).toEqual(['one', 'two', 'back']);
    expect(asked).toEqual([BACK]);
    expect(result).toMatchObject({
      outcome: 'failed',
      error: 'two: it broke; the steps before it were undone',
    });
  });

  it('is not undone by a plan that the gates do not allow, and is not reported as undone', async () => {
    const judged: Plan[] = [];
    const { result, done } = await halfDone((log) => ({ steps: [step(log, 'back')] }), {
      admits: (plan) => {
        judged.push(plan);
        return false;
      },
    });
    expect(judged.map(({ action }) => action)).toEqual(['switch_back']);
    expect(done).toEqual(['one', 'two']);
    expect(result.error).toBe(
      'two: it broke; the steps before it could not be undone: the safety gates do not allow it',
    );
  });

  it('is undone when there is nothing left to undo', async () => {
    const { result } = await halfDone(() => ({ steps: [], refusal: refusal('no-expected-gain') }), {
      admits: () => false,
    });
    expect(result.error).toBe('two: it broke; the steps before it were undone');
  });

  it.each<[string, (done: string[]) => Partial<Plan> | Error, string]>([
    ['cannot be planned', () => new Error('no cpufreq'), 'no cpufreq'],
    ['is refused', () => ({ refusal: refusal('unavailable') }), 'policy1 cannot be read'],
    ['fails itself', (log) => ({ steps: [step(log, 'back', true)] }), 'back: it broke'],
  ])('is not reported as undone when its way back %s', async (_which, back, words) => {
    const { result } = await halfDone(back);
    expect(result.error).toBe(`two: it broke; the steps before it could not be undone: ${words}`);
  });

  it('is undone even though the engine is stopping', async () => {
    const controller = new AbortController();
    const { done } = await halfDone((log) => (controller.abort(), { steps: [step(log, 'back')] }), {
      signal: controller.signal,
    });
    expect(done).toEqual(['one', 'two', 'back']);
  });

  it('is not undone when its first step failed: nothing was changed', async () => {
    const done: string[] = [];
    const result = await runAct(planOf({ steps: [step(done, 'one', true)], restore: BACK }), ACTION, {
      definition: undefined,
      planOf: () => Promise.reject(new Error('asked for a way back')),
      admits: () => true,
      signal: new AbortController().signal,
    });
    expect(result).toMatchObject({ outcome: 'failed', error: 'one: it broke' });
  });
});

describe('an act of several runs', () => {
  /** Runs an act whose every plan has one step more to do. */
  async function runs(
    limits: { runs?: number; timeoutMs: number },
    admits: ActOptions['admits'] = () => true,
    signal = new AbortController().signal,
  ) {
    const done: string[] = [];
    const earlier: number[] = [];
    const result = await runAct(planOf({ steps: [step(done, '1')] }), ACTION, {
      definition: limits,
      planOf: async (_action, _signal, reports = []) => {
        earlier.push(reports.length);
        return planOf({ steps: [step(done, String(reports.length + 1))] });
      },
      admits,
      signal,
    });
    return { result, done, earlier };
  }

  it('plans each further run by the reports of the ones before, up to its limit', async () => {
    const { result, done, earlier } = await runs({ runs: 3, timeoutMs: 60_000 });
    expect(done).toEqual(['1', '2', '3']);
    expect(earlier).toEqual([1, 2]);
    expect(result).toMatchObject({ outcome: 'executed', steps: [{ ok: true }, { ok: true }, { ok: true }] });
  });

  it('runs once unless its definition allows more', async () => {
    expect((await runs({ timeoutMs: 60_000 })).done).toEqual(['1']);
  });

  it('does not begin a further run after its time limit', async () => {
    expect((await runs({ runs: 3, timeoutMs: 0 })).done).toEqual(['1']);
  });

  it('does not begin a further run that the gates do not allow', async () => {
    const { result, done } = await runs({ runs: 3, timeoutMs: 60_000 }, () => false);
    expect(done).toEqual(['1']);
    expect(result.outcome).toBe('executed');
  });
});

describe('an act that is stopped', () => {
  it('names the step that was not started', async () => {
    const done: string[] = [];
    const result = await runAct(planOf({ steps: [step(done, 'one')] }), ACTION, {
      definition: undefined,
      planOf: () => Promise.reject(new Error('not needed')),
      admits: () => true,
      signal: AbortSignal.abort(),
    });
    expect(done).toEqual([]);
    expect(result).toMatchObject({ outcome: 'failed', error: 'Stopped before `one` was started', steps: [] });
  });
});
