import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import timers from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PlanContext } from '../../src/actions/define.js';
import type { Plan } from '../../src/model/plan.js';
import { fakeHost, recordingLogger } from '../../src/testing/index.js';
import { as, callStep, commandStep, executorWith, ownAction } from './local-executor.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-executor-'));
  vi.stubEnv('LUMINOUS_DEV_MODE', undefined);
  as(0);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  rmSync(folder, { recursive: true });
});
const OWN = { action: 'own', parameters: {} };
const noted = (done: string[], word: string) => callStep(word, () => void done.push(word));

describe('the action `none`', () => {
  it('is skipped, because there is nothing to do', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(5_000);
    expect(await executorWith().execute({ action: 'none', parameters: {} })).toEqual({
      ...{ action: 'none', outcome: 'skipped', success: false, dryRun: false, blockedBy: 'no-action' },
      ...{ error: 'There is nothing to do', steps: [], durationMs: 0 },
    });
  });
});

describe('a given plan', () => {
  it('that this executor made is carried out without planning again', async () => {
    const plan = vi.fn(() => ({ steps: [callStep('one')] }));
    const executor = executorWith({ own: ownAction(plan) });
    const made = await executor.plan(OWN, new AbortController().signal, false);
    expect(await executor.execute(OWN, { plan: made })).toMatchObject({ outcome: 'executed' });
    expect(plan).toHaveBeenCalledOnce();
  });

  it('of another executor is planned again, and carried out only if nothing has changed', async () => {
    let word = 'one';
    const actions = { own: ownAction(() => ({ steps: [callStep(word)] })) };
    const made = await executorWith(actions).plan(OWN, new AbortController().signal, false);
    expect(await executorWith(actions).execute(OWN, { plan: made })).toMatchObject({ outcome: 'executed' });
    word = 'two';
    expect(await executorWith(actions).execute(OWN, { plan: made })).toMatchObject({
      ...{ outcome: 'skipped', blockedBy: 'unavailable', steps: [] },
      error: 'What `own` would do has changed since its plan was made: plan it again',
    });
  });
});

describe('an action of process scope', () => {
  const renew = (targets: string[], run: () => unknown = () => 1) =>
    ownAction(() => ({ targets, steps: [callStep('renew', run)] }), { scope: 'process' });

  it('is carried out although the engine reads another machine', async () => {
    const executor = executorWith({ own: renew(['pool']) }, { readsThisMachine: () => false });
    expect(await executor.execute(OWN)).toMatchObject({ outcome: 'executed' });
  });

  it('excludes others of the same first target, not of other targets', async () => {
    let release = (): void => undefined;
    const executor = executorWith({
      slow: renew(['pool', 'a'], () => new Promise<void>((resolve) => (release = resolve))),
      same: renew(['pool', 'b']),
      other: renew(['cache', 'a']),
    });
    const slow = executor.execute({ action: 'slow', parameters: {} });
    await vi.waitFor(async () =>
      expect(await executor.execute({ action: 'same', parameters: {} })).toMatchObject({
        blockedBy: 'in-flight',
      }),
    );
    expect(await executor.execute({ action: 'other', parameters: {} })).toMatchObject({
      outcome: 'executed',
    });
    release();
    expect(await slow).toMatchObject({ outcome: 'executed' });
  });

  it('is refused if it names no target', async () => {
    expect(await executorWith({ own: renew([]) }).execute(OWN)).toMatchObject({
      ...{ outcome: 'skipped', blockedBy: 'unavailable', error: 'The plan of `own` names no target' },
    });
  });
});

describe('a plan that needs root without a way to get it', () => {
  it('keeps its own notes before the reason, and fails', async () => {
    as(1_000);
    const executor = executorWith({
      own: ownAction(() => ({ notes: ['It takes long'], steps: [commandStep(['true'], true)] })),
    });
    const execution = await executor.execute(OWN);
    const reason = expect.stringMatching(/^Needs root: service tier: this process \(uid 1000\)/) as string;
    expect(execution).toMatchObject({ outcome: 'failed', error: reason, steps: [] });
    expect(execution.plan?.notes).toEqual(['It takes long', reason]);
  });
});

describe('the output of a command', () => {
  it.each([
    ['debug', {}],
    ['info', { unit: 'switch-1' }],
  ] as const)('is logged as %s by a step with %o', async (level, more) => {
    writeFileSync(join(folder, 'journalctl'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    vi.stubEnv('PATH', `${folder}:${process.env.PATH ?? ''}`);
    // The journal is read without a pause.
    vi.spyOn(timers, 'setTimeout').mockResolvedValue(undefined);
    syncBuiltinESMExports();
    const logger = recordingLogger();
    const step = { ...commandStep(['echo', 'built']), ...more };
    await executorWith({ own: ownAction(() => ({ steps: [step] })) }, { logger }).execute(OWN);
    expect(logger.lines).toEqual([{ level, message: 'own: built' }]);
  });
});

describe('a system whose checks refused a switch', () => {
  /** Runs a switch that ends so. Returns its execution, and what a plan learns of the system before and after. */
  async function switchThat(script: string, isGeneration = true) {
    const system = join(folder, 'system');
    mkdirSync(join(system, 'bin'), { recursive: true });
    const program = join(system, 'bin', 'switch-to-configuration');
    writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const checks: unknown[] = [];
    const generation = { from: '/a', to: system, verb: 'switch' as const, units: [], failing: [] };
    const own = ownAction(async (context: PlanContext) => {
      checks.push(await context.preSwitchCheck(system));
      return { steps: [commandStep([program, 'switch'])], ...(isGeneration ? { generation } : {}) };
    });
    const host = { ...fakeHost(), preSwitchCheck: () => Promise.resolve(null) };
    const executor = executorWith({ own }, { host });
    const execution = await executor.execute(OWN);
    await executor.execute(OWN, { dryRun: true });
    return { execution, checks };
  }
  const REFUSES = 'echo "no such kernel" >&2; echo "Pre-switch checks failed" >&2; exit 1';
  const blocked = { outcome: 'skipped', blockedBy: 'needs-approval' };

  it('is remembered with the reason', async () => {
    const { execution, checks } = await switchThat(REFUSES);
    expect(execution).toMatchObject(blocked);
    expect(execution.error).toBe('its own check refuses a switch: no such kernel');
    expect(checks).toEqual([null, 'no such kernel']);
  });

  it('is not remembered if the plan does not name it', async () => {
    const { execution, checks } = await switchThat(REFUSES, false);
    expect(execution).toMatchObject(blocked);
    expect(checks).toEqual([null, null]);
  });

  it.each([
    ['succeeded', 'exit 0', 'executed'],
    ['failed otherwise', 'exit 4', 'failed'],
  ])('is asked again if the switch %s', async (_how, script, outcome) => {
    const { execution, checks } = await switchThat(script);
    expect(execution).toMatchObject({ outcome });
    expect(checks).toEqual([null, null]);
  });
});

describe('an act of two runs', () => {
  const twice = (done: string[], second: object = {}, first: () => void = () => undefined) =>
    ownAction(
      ({ earlier }) =>
        earlier.length === 0
          ? { steps: [callStep('first', () => (done.push('first'), first()))] }
          : { steps: [noted(done, 'second')], ...second },
      { runs: 2 },
    );

  it('is planned again for the second, which is reported before it runs', async () => {
    const done: string[] = [];
    const onPlan = (plan: Plan) => void done.push(`plan: ${plan.steps.length} step`);
    const execution = await executorWith({ own: twice(done) }).execute(OWN, { onPlan });
    expect(execution).toMatchObject({ outcome: 'executed', steps: [{ step: 'first' }, { step: 'second' }] });
    expect(done).toEqual(['first', 'plan: 1 step', 'second']);
  });

  it('does both also if nobody wants to know of the second plan', async () => {
    const done: string[] = [];
    await executorWith({ own: twice(done) }).execute(OWN);
    expect(done).toEqual(['first', 'second']);
  });

  it.each([
    [undefined, ['first']],
    [false, ['first']],
    [true, ['first', 'plan', 'second']],
  ])('needs approval for the second too: %s', async (approved, expected) => {
    const done: string[] = [];
    const own = twice(done, { approval: 'It is a lot' });
    const onPlan = () => void done.push('plan');
    const options = { onPlan, ...(approved === undefined ? {} : { approved }) };
    expect(await executorWith({ own }).execute(OWN, options)).toMatchObject({ outcome: 'executed' });
    expect(done).toEqual(expected);
  });

  it('ends after the first if the machine is another one by then', async () => {
    const done: string[] = [];
    let isThis = true;
    const own = twice(done, {}, () => void (isThis = false));
    await executorWith({ own }, { readsThisMachine: () => isThis }).execute(OWN);
    expect(done).toEqual(['first']);
  });

  it('ends after the first if the second needs root, which cannot be had any more', async () => {
    const done: string[] = [];
    const file = join(folder, 'second');
    const own = twice(done, { steps: [commandStep(['touch', file], true)] }, () => as(1_000));
    expect(await executorWith({ own }).execute(OWN)).toMatchObject({ steps: [{ step: 'first' }] });
    expect(existsSync(file)).toBe(false);
  });
});
