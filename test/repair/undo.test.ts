import { describe, expect, it, vi } from 'vitest';
import { defineAction, verifyByCheck } from '../../src/actions/define.js';
import { Ledger } from '../../src/memory/ledger.js';
import { memoryStore, type Store } from '../../src/memory/store.js';
import { EMPTY_STATE, type GuardState, type Undo } from '../../src/memory/state.js';
import type { Execution } from '../../src/model/execution.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { HealingAction } from '../../src/model/plan.js';
import { undoAll } from '../../src/repair/undo.js';
import { fakeClock, fakeExecutor, recordingLogger } from '../../src/testing/index.js';
import { benchOf, type BenchOptions } from '../make-engine.js';

const HOT = { cpu: { percent: 95, cpus: 4 } };
const COOL = { cpu: { percent: 10, cpus: 4 } };
const BACK: HealingAction = {
  action: 'set_cpu_governor',
  parameters: { governors: { policy0: 'powersave' } },
};

/** Engine whose only repair of the CPU must be undone later. */
function bench(store: Store = memoryStore(), more: BenchOptions = {}) {
  const own = defineAction({
    parse: (parameters) => parameters,
    plan: () => ({ targets: ['cpu'], steps: [], effect: 'x' }),
    verify: verifyByCheck,
    scope: 'host',
    risk: 'reversible',
    timeoutMs: 1_000,
    settleMs: 0,
  });
  const made = benchOf(HOT, {
    state: store,
    enabledChecks: ['cpu'],
    actions: { speed_up: own },
    resolver: { getAction: () => ({ action: 'speed_up', parameters: {} }) },
    guards: { lasting: { cpu: 1 } },
    ...more,
    fake: {
      plan: ({ action }) => (action === 'speed_up' ? { restore: BACK } : {}),
      act: ({ action }) => made.host.set(action === 'speed_up' ? COOL : {}),
      ...more.fake,
    },
  });
  const done = () => made.executor.executed.map(({ action }) => action);
  return { ...made, store, executed: done };
}

/** Recorded change to undo. */
const remembered = async (store: Store) => (await store.load())?.undo ?? [];

describe('a change to undo', () => {
  it('is recorded before the action', async () => {
    let before: unknown;
    const store = memoryStore();
    const { engine, done } = bench(store, {
      fake: { act: async () => void (before = await remembered(store)) },
    });
    await done(engine.detectAndHeal());
    expect(before).toMatchObject([{ component: 'cpu', ...BACK, until: 0 }]);
  });

  it('is undone when the engine is closed', async () => {
    const { engine, done, executor, store } = bench();
    const [result] = await done(engine.detectAndHeal());
    expect(result?.outcome).toBe('fixed');
    await done(engine.close());
    expect(executor.executed.at(-1)).toEqual(BACK);
    expect(await remembered(store)).toEqual([]);
  });

  it('is undone when the monitoring ends', async () => {
    const { engine, done, executed, clock } = bench();
    const monitoring = engine.startMonitoring(10);
    while (executed().length === 0) await clock.advance(1_000);
    await done(engine.stopMonitoring());
    await monitoring;
    expect(executed()).toEqual(['speed_up', 'set_cpu_governor']);
  });

  it('is undone once the component has been ok for the time that resets its backoff, and not before', async () => {
    const { engine, executed, clock, done, store } = bench();
    const monitoring = engine.startMonitoring(60);
    for (let minute = 0; minute < 9; minute += 1) await clock.advance(60_000);
    expect(executed()).toEqual(['speed_up']);
    for (let minute = 0; minute < 4; minute += 1) await clock.advance(60_000);
    expect(executed()).toEqual(['speed_up', 'set_cpu_governor']);
    expect(await remembered(store)).toEqual([]);
    await done(engine.stopMonitoring());
    await monitoring;
    expect(executed()).toEqual(['speed_up', 'set_cpu_governor']);
  });

  it('is undone by the next engine if this one has died', async () => {
    const first = bench();
    await first.done(first.engine.detectAndHeal());
    // The first engine died without being closed; the next one reads the CPU as ok.
    const next = bench(first.store);
    next.host.set(COOL);
    const monitoring = next.engine.startMonitoring(60);
    for (let minute = 0; minute < 13; minute += 1) await next.clock.advance(60_000);
    expect(next.executor.executed).toEqual([BACK]);
    await next.done(next.engine.close());
    await monitoring;
    expect(await remembered(first.store)).toEqual([]);
  });

  it('is dropped after a reboot, which reverted it', async () => {
    const store = memoryStore();
    const undo = { at: 1, component: 'cpu', ...BACK, bootId: 'an earlier one', until: 0 };
    await store.save({ ...EMPTY_STATE, undo: [undo] });
    const { engine, host, done, executed } = bench(store);
    host.set(COOL);
    await done(engine.detectAndHeal());
    await done(engine.close());
    expect(executed()).toEqual([]);
    expect(await remembered(store)).toEqual([]);
  });

  it('stays recorded if it could not be undone, and is tried again later', async () => {
    const { engine, done, executor, store, logger } = bench();
    await done(engine.detectAndHeal());
    executor.next({ outcome: 'failed', success: false, error: 'EBUSY' });
    await done(engine.close());
    expect(await remembered(store)).toMatchObject([{ component: 'cpu' }]);
    expect(logger.lines.map(({ message }) => message).join()).toContain('could not be undone: EBUSY');
  });

  it('is undone by exactly the plan that was announced just before', async () => {
    const { engine, done, executor } = bench();
    const told: unknown[] = [];
    engine.on('undo:planned', ({ component, plan }) => told.push(component, plan));
    await done(engine.detectAndHeal());
    expect(told).toEqual([]);
    const execute = vi.spyOn(executor, 'execute');
    await done(engine.close());
    expect(told).toEqual(['cpu', expect.objectContaining(BACK)]);
    expect(execute.mock.calls.map(([action, options]) => [action, options?.plan])).toEqual([[BACK, told[1]]]);
    expect(execute.mock.calls[0]?.[1]?.approved).toBe(false);
  });

  it('stays recorded if the executor executed another plan than the announced one', async () => {
    const { engine, done, executor, store, logger } = bench();
    await done(engine.detectAndHeal());
    const plan = await executor.plan({ action: 'set_cpu_governor', parameters: {} });
    executor.next({ outcome: 'executed', plan });
    await done(engine.close());
    expect(await remembered(store)).toHaveLength(1);
    expect(logger.lines.map(({ message }) => message).join()).toContain('another plan');
  });

  it('stays recorded if only a part of it could be undone', async () => {
    let plans = 0;
    const { engine, done, store, logger } = bench(memoryStore(), {
      fake: {
        plan: ({ action }) => {
          if (action === 'speed_up') return { restore: BACK };
          plans += 1;
          return plans === 1
            ? {}
            : { steps: [], refusal: { reason: 'unavailable', sentence: 'policy1 cannot be read now' } };
        },
      },
    });
    await done(engine.detectAndHeal());
    await done(engine.close());
    expect(await remembered(store)).toHaveLength(1);
    expect(logger.lines.map(({ message }) => message).join()).toContain('policy1 cannot be read now');
  });

  it('stays recorded if its undo cannot be planned', async () => {
    const { engine, done, executor, store, executed } = bench(memoryStore(), {
      fake: {
        plan: ({ action }) => {
          if (action === 'set_cpu_governor') throw new Error('no cpufreq any more');
          return { restore: BACK };
        },
      },
    });
    await done(engine.detectAndHeal());
    await done(engine.close());
    expect(executed()).toEqual(['speed_up']);
    expect(executor.executed).toHaveLength(1);
    expect(await remembered(store)).toHaveLength(1);
  });

  it('does not exist after an action that a gate of the executor blocked', async () => {
    const { engine, done, executor, store } = bench();
    executor.next({ outcome: 'skipped', success: false, blockedBy: 'unavailable', error: 'no' });
    await done(engine.detectAndHeal());
    expect(await remembered(store)).toEqual([]);
  });

  it('is not changed by a dry run', async () => {
    const store = memoryStore();
    const first = bench(store);
    await first.done(first.engine.detectAndHeal());
    const dry = bench(store, { dryRun: true });
    await dry.done(dry.engine.detectAndHeal());
    await dry.done(dry.engine.close());
    expect(dry.executed()).toEqual([]);
    expect(await remembered(store)).toHaveLength(1);
  });
});

describe('a change that is undone by its record alone', () => {
  const CHANGE: Undo = { at: 1, component: 'cpu', ...BACK, bootId: 'now', until: 0 };

  /** Undoes one change that is on record, in a store whose writes take a turn of the event loop. */
  async function undone(answer: Partial<Execution>) {
    const clock = fakeClock();
    const logger = recordingLogger();
    let kept: GuardState = { ...EMPTY_STATE, undo: [CHANGE], savedAt: clock.now() };
    const store: Store = {
      load: () => Promise.resolve(kept),
      async save(state) {
        await new Promise((done) => setImmediate(done));
        kept = state;
      },
    };
    const ledger = new Ledger({ store, clock, logger });
    await ledger.open(false);
    const executor = fakeExecutor();
    const plan = vi.spyOn(executor, 'plan');
    executor.next(answer);
    await undoAll([CHANGE], { logger, ledger, executor, guards: DEFAULT_GUARDS, emit: () => undefined });
    const words = logger.lines.map(({ level, message }) => `${level} ${message}`);
    return { kept, words, plans: plan.mock.calls.length, now: ledger.now() };
  }

  it('is forgotten on disk once it is undone, and the log reports no error', async () => {
    const { kept, words, plans } = await undone({});
    expect(kept.undo).toEqual([]);
    expect(words).toEqual(['info cpu: the temporary change was undone by `set_cpu_governor`']);
    // A second plan shows whether a part of it is left.
    expect(plans).toBe(2);
  });

  it('is tried again after the longest backoff, and no second plan is made, if it failed', async () => {
    const { kept, words, plans, now } = await undone({ outcome: 'failed', success: false, error: 'EBUSY' });
    expect(kept.undo).toEqual([{ ...CHANGE, until: now + DEFAULT_GUARDS.backoff.maxMs }]);
    expect(words).toEqual(['error cpu: the temporary change could not be undone: EBUSY']);
    expect(plans).toBe(1);
  });
});
