import { describe, expect, it } from 'vitest';
import { defineAction, type ActionDefinition } from '../../src/actions/define.js';
import { SelfHealingError } from '../../src/base/errors.js';
import type { ExecuteOptions } from '../../src/execute/executor.js';
import type { HealingAction, Plan } from '../../src/model/plan.js';
import { carryOut, planAndCarryOut, ranAnother, undoWorse } from '../../src/repair/carry-out.js';
import type { EnginePorts } from '../../src/repair/ports.js';
import { fakeClock, fakeExecutor, recordingLogger } from '../../src/testing/index.js';
import { issueOf, planOf } from '../make.js';

const ACTION: HealingAction = { action: 'restart_service', parameters: { service: 'nginx' } };
const { signal } = new AbortController();
const executorThat = (execute: (options: ExecuteOptions) => unknown) => ({
  ...fakeExecutor(),
  execute: (async (_action: HealingAction, options: ExecuteOptions) => execute(options)) as never,
});

describe('an act', () => {
  const about = { component: 'nginx', announce: (): void => undefined };
  const carriedOut = (execute: (options: ExecuteOptions) => unknown, approved = false) =>
    carryOut(ACTION, planOf(), about, executorThat(execute), { approved, signal });

  it.each([true, false])('is carried out with its plan, and approved: %s, as it was', async (approved) => {
    let given: ExecuteOptions | undefined;
    await carriedOut((options) => ((given = options), { outcome: 'executed', steps: [] }), approved);
    expect(given).toEqual({ approved, signal, dryRun: false, plan: planOf(), onPlan: about.announce });
  });

  it.each(['executed', 'failed', 'skipped'])('that the executor calls %s is so', async (outcome) => {
    expect(await carriedOut(() => ({ outcome, steps: [] }))).toEqual({ outcome, steps: [] });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['no outcome', { steps: [] }],
    ['its own outcome', { outcome: 'done', steps: [] }],
    ['a mere plan', { outcome: 'planned', steps: [] }],
    ['no steps', { outcome: 'executed' }],
  ])('that the executor answers with %s has failed', async (_what, answer) => {
    expect(await carriedOut(() => answer)).toMatchObject({
      ...{ outcome: 'failed', success: false, isUnanswered: false },
      error: 'The executor failed while it was repairing nginx: it returned no `outcome` and `steps`',
    });
  });

  it.each<[string, Error, boolean]>([
    ['its deadline', new SelfHealingError('timeout', 'not done within 1 min'), true],
    ['another error of the library', new SelfHealingError('closed', 'it is closed'), false],
    ['an error of another kind with that code', Object.assign(new Error('x'), { code: 'timeout' }), false],
  ])(
    'that ends by %s has failed; only after its deadline it may still be running',
    async (_which, error, isUnanswered) => {
      const found = await carriedOut(() => Promise.reject(error));
      expect(found).toMatchObject({ outcome: 'failed', isUnanswered });
      expect(found.error).toBe(`The executor failed while it was repairing nginx: ${error.message}`);
    },
  );

  it('by another plan than the announced one has failed, whatever the executor says', async () => {
    const other = planOf({ parameters: { service: 'db' } });
    expect(
      await carriedOut(() => ({ outcome: 'executed', success: true, steps: [], plan: other })),
    ).toMatchObject({
      ...{ outcome: 'failed', success: false },
      error: 'The executor carried out another plan than the one that was announced',
    });
    const skipped = { outcome: 'skipped', steps: [], plan: other };
    expect(await carriedOut(() => skipped)).toEqual(skipped);
    expect(ranAnother({ plan: other }, planOf())).toBe(true);
    expect(ranAnother({ plan: planOf() }, planOf())).toBe(false);
    expect(ranAnother({}, planOf())).toBe(false);
  });

  it('that cannot be planned has failed, and is not announced', async () => {
    const announced: Plan[] = [];
    const executor = { ...fakeExecutor(), plan: () => Promise.reject(new Error('no bus')) };
    const found = await planAndCarryOut(
      ACTION,
      { component: 'nginx', announce: (plan) => announced.push(plan) },
      executor,
      { approved: false, signal },
    );
    expect(found).toMatchObject({ outcome: 'failed', success: false, error: 'no bus' });
    expect(announced).toEqual([]);
  });
});

describe('a repair that made it worse', () => {
  /** Undoes it by the `undo` of its action. */
  async function undone(undo?: ActionDefinition['undo'], late = false) {
    const clock = fakeClock();
    const logger = recordingLogger();
    const executor = fakeExecutor();
    const given: unknown[] = [];
    const plans: Plan[] = [];
    const definition = defineAction({
      parse: (parameters: Readonly<Record<string, unknown>>) => parameters,
      plan: () => ({ targets: [], steps: [], effect: 'x' }),
      verify: () => ({ status: 'fixed', reason: 'x' }),
      ...{ scope: 'process', risk: 'reversible', timeoutMs: 1_000 },
      ...(undo && { undo }),
    });
    const execute = executor.execute.bind(executor);
    executor.execute = async (action, options) => {
      given.push({ action: action.action, approved: options?.approved });
      return execute(action, options);
    };
    const repair = { id: '1', issue: issueOf(), plan: planOf(), before: [], openChecks: [] };
    const events: string[] = [];
    const emit: EnginePorts['emit'] = (name, event) => {
      events.push(name);
      plans.push((event as { plan: Plan }).plan);
    };
    const undoing = undoWorse(repair, definition, { executor, emit, logger, clock, signal });
    if (late) await clock.advance(5 * 60_000);
    await undoing;
    expect(events).toEqual(plans.map(() => 'heal:planned'));
    return { given, plans, lines: logger.lines.map(({ level, message }) => `${level} ${message}`) };
  }

  it('is left as it is when its action has no `undo`', async () => {
    expect(await undone()).toEqual({ given: [], plans: [], lines: [] });
    const ports = {
      ...{ executor: fakeExecutor(), emit: () => undefined, signal },
      ...{ logger: recordingLogger(), clock: fakeClock() },
    };
    const repair = { id: '1', issue: issueOf(), plan: planOf(), before: [], openChecks: [] };
    await expect(undoWorse(repair, undefined, ports)).resolves.toBeUndefined();
    expect(ports.logger.lines).toEqual([]);
  });

  it('is undone with its parameters, by acts that are announced and need no approval', async () => {
    let parameters: unknown;
    const { given, plans, lines } = await undone(async (own, { execute }) => {
      parameters = own;
      await execute({ action: 'stop_pool', parameters: {} });
    });
    expect(parameters).toEqual({ service: 'nginx' });
    expect(given).toEqual([{ action: 'stop_pool', approved: true }]);
    expect(plans.map(({ action }) => action)).toEqual(['stop_pool']);
    expect(lines).toEqual(['warn `restart_service` made it worse and was undone']);
  });

  it('that cannot be undone is an error in the log', async () => {
    const { lines } = await undone(() => Promise.reject(new Error('no pool')));
    expect(lines).toEqual(['error `restart_service` made it worse and could not be undone: no pool']);
  });

  it('is not waited for longer than 5 min', async () => {
    const { lines } = await undone(() => new Promise(() => undefined), true);
    expect(lines).toEqual([
      'error `restart_service` made it worse and could not be undone: `undo` did not answer within 5 min',
    ]);
  });
});
