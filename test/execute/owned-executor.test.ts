import { describe, expect, it } from 'vitest';
import type { ExecuteOptions, Executor } from '../../src/execute/executor.js';
import { ownedExecutor } from '../../src/execute/owned-executor.js';
import { executionOf, type Execution } from '../../src/model/execution.js';
import type { CallStep, Plan } from '../../src/model/plan.js';
import { fakeClock } from '../../src/testing/index.js';
import { planOf } from '../make.js';

const ACTION = { action: 'restart_service', parameters: { service: 'nginx' } };
const DONE = executionOf(ACTION.action, { outcome: 'executed' });
const MINUTE = 60_000;
const hangs = <T>(): Promise<T> => new Promise(() => undefined);
const stepOf = (timeoutMs: number): CallStep => ({
  ...{ kind: 'call', name: 'x', run: () => undefined, interruptible: true, timeoutMs },
});
const planWith = (...limits: number[]): Plan => planOf({ steps: limits.map(stepOf) });

/** An executor with deadlines on a fake clock. */
function owned(more: Partial<Executor> = {}) {
  const clock = fakeClock();
  const reading = new AbortController();
  const executor = ownedExecutor(
    { plan: () => planOf(), execute: () => Promise.resolve(DONE), ...more },
    clock,
    reading.signal,
  );
  return { clock, reading, executor };
}

/** Returns whether a call has ended at a time, and 1 ms before. */
async function endsAt(clock: ReturnType<typeof fakeClock>, call: Promise<unknown>, ms: number) {
  let isOver = false;
  const over = () => void (isOver = true);
  call.then(over, over);
  await clock.advance(ms - 1);
  const before = isOver;
  await clock.advance(1);
  return { before, at: isOver };
}
const ON_TIME = { before: false, at: true };

describe('the plan of an executor', () => {
  it.each<[string, Plan | Promise<Plan>]>([
    ['at once', planOf()],
    ['later', Promise.resolve(planOf())],
  ])('is passed on if it comes %s, and the executor gets action and options', async (_when, plan) => {
    const asked: unknown[] = [];
    const { executor } = owned({ plan: (...given) => (asked.push(given), plan) });
    expect(await executor.plan(ACTION, { dryRun: true })).toBe(await plan);
    expect(asked).toEqual([[ACTION, { dryRun: true }]]);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['no action', { ...planOf(), action: undefined }],
    ['no steps', { ...planOf(), steps: 'none' }],
    ['no targets', { ...planOf(), targets: undefined }],
    ['no scope', { ...planOf(), scope: undefined }],
  ])('is refused if it has %s', async (_what, plan) => {
    const { executor } = owned({ plan: () => Promise.resolve(plan as unknown as Plan) });
    await expect(executor.plan(ACTION)).rejects.toThrow(
      '`executor.plan` returned no plan: `action`, `scope`, `targets` and `steps` are needed',
    );
  });

  it('is awaited for a minute', async () => {
    const { executor, clock } = owned({ plan: () => hangs() });
    const plan = executor.plan(ACTION) as Promise<Plan>;
    expect(await endsAt(clock, plan, MINUTE)).toEqual(ON_TIME);
    await expect(plan).rejects.toThrow('`executor.plan` did not answer within 1 min');
  });

  it('is not awaited after the engine stopped reading; an act is', async () => {
    const { executor, clock, reading } = owned({ plan: () => hangs(), execute: () => hangs() });
    const plan = executor.plan(ACTION) as Promise<Plan>;
    const act = executor.execute(ACTION);
    reading.abort(new Error('closed'));
    await expect(plan).rejects.toThrow('closed');
    expect(await endsAt(clock, act, 5.5 * MINUTE)).toEqual(ON_TIME);
  });
});

describe('the capabilities of an executor', () => {
  it('are absent if it has none', () => {
    expect(owned().executor.capabilities).toBeUndefined();
  });

  it('are asked for with its own `this` and the options', async () => {
    const options = { signal: new AbortController().signal };
    const asked: unknown[] = [];
    const own: Executor = {
      plan: () => planOf(),
      execute: () => Promise.resolve(DONE),
      capabilities(given) {
        asked.push(this, given);
        return [];
      },
    };
    const executor = ownedExecutor(own, fakeClock(), new AbortController().signal);
    expect(await executor.capabilities?.(options)).toEqual([]);
    expect(asked).toEqual([own, options]);
  });

  it('are awaited for 30 s', async () => {
    const { executor, clock } = owned({ capabilities: () => hangs() });
    const asked = Promise.resolve(executor.capabilities?.());
    expect(await endsAt(clock, asked, 30_000)).toEqual(ON_TIME);
    await expect(asked).rejects.toThrow('`executor.capabilities` did not answer within 30 s');
  });
});

describe('an act of an executor', () => {
  /** Carries out an act that never ends, and passes further plans on. */
  const acting = (options: ExecuteOptions, further: readonly Plan[] = []) =>
    owned({
      execute: (_action, { onPlan } = {}) => {
        for (const plan of further) onPlan?.(plan);
        return hangs<Execution>();
      },
    });

  it.each<[string, ExecuteOptions, Plan[], number]>([
    ['5 min and 30 s without a plan', {}, [], 5.5 * MINUTE],
    ['the limits of its steps and 30 s', { plan: planWith(MINUTE, 2 * MINUTE) }, [], 3.5 * MINUTE],
    ['30 s if no step has a limit', { plan: planWith(Infinity) }, [], 30_000],
    [
      'the limits of each further plan and a minute to make it',
      { plan: planWith(MINUTE) },
      [planWith(MINUTE), planWith(2 * MINUTE)],
      6.5 * MINUTE,
    ],
  ])('is awaited for %s', async (_which, options, further, ms) => {
    const { executor, clock } = acting(options, further);
    const act = executor.execute(ACTION, options);
    expect(await endsAt(clock, act, ms)).toEqual(ON_TIME);
    await expect(act).rejects.toThrow(/^`executor.execute` did not answer within /);
  });

  it('returns the execution', async () => {
    expect(await owned().executor.execute(ACTION)).toBe(DONE);
  });

  it('announces each further plan to the caller', async () => {
    const told: Plan[] = [];
    const further = planWith(1);
    const { executor } = owned({
      execute: (_action, { onPlan } = {}) => (onPlan?.(further), Promise.resolve(DONE)),
    });
    await executor.execute(ACTION, { onPlan: (plan) => void told.push(plan) });
    expect(told).toEqual([further]);
  });

  it.each<[string, ExecuteOptions, string[]]>([
    ['neither', { approved: true }, ['approved']],
    ['a plan', { plan: planOf() }, ['onPlan', 'plan']],
    ['a listener', { onPlan: () => undefined }, ['onPlan']],
  ])('has the options of its caller, and a listener, if there is %s', async (_what, options, keys) => {
    const asked: ExecuteOptions[] = [];
    const { executor } = owned({
      execute: (_action, given = {}) => (asked.push(given), Promise.resolve(DONE)),
    });
    await executor.execute(ACTION, options);
    expect(Object.keys(asked[0] ?? {}).sort()).toEqual(keys);
    expect(asked[0]).toMatchObject({
      ...options,
      ...(options.onPlan && { onPlan: expect.any(Function) as never }),
    });
  });

  it('is skipped while eight earlier ones have not answered, and nothing is called', async () => {
    let called = 0;
    const { executor, clock } = owned({ execute: () => ((called += 1), hangs<Execution>()) });
    for (let nth = 0; nth < 8; nth += 1) executor.execute(ACTION).catch(() => undefined);
    await clock.advance(6 * MINUTE);
    expect(await executor.execute(ACTION)).toMatchObject({
      ...{ action: ACTION.action, outcome: 'skipped', blockedBy: 'unavailable' },
      error: '`executor.execute` has not answered earlier calls: it is not called again',
    });
    expect(called).toBe(8);
  });
});
