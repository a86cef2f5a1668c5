import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { fakeClock } from '../../src/testing/index.js';
import { issueOf } from '../make.js';
import { cycleOn, gate, START, undoOf, type CycleParts } from './make-cycle.js';

const LASTING = DEFAULT_GUARDS.backoff.resetAfterMs;

// Loads the modules that each first repair loads.
beforeAll(() => fakeClock().advance(0));

/** A cycle with changes to undo for `a` and `b`, both ok in two looks with this time in between. */
async function healthyFor(ms: number, parts: CycleParts = {}) {
  const made = cycleOn({ state: { undo: [undoOf('a'), undoOf('b', 'the boot before')] }, ...parts });
  Object.assign(made.now, { a: 'ok' });
  await made.cycle.once({ signal: made.signal });
  await made.clock.advance(ms);
  return made;
}

describe('a temporary change', () => {
  it.each([
    [LASTING - 1, []],
    [LASTING, ['undo a']],
  ])('is undone by a cycle in which its component has been ok for long enough: %d ms', async (ms, undone) => {
    const { cycle, ledger, executed, signal } = await healthyFor(ms);
    await cycle.once({ signal });
    expect(executed()).toEqual(undone);
    expect(ledger.state.undo).toHaveLength(1 - undone.length);
  });

  it('is undone by a look of the monitor as well', async () => {
    const { cycle, executed, signal } = await healthyFor(LASTING);
    await cycle.watch(signal);
    await cycle.idle();
    expect(executed()).toEqual(['undo a']);
  });

  it('is not undone in a dry run, while healing is off, or while repairs are paused', async () => {
    const { cycle, ledger, settings, executed, signal } = await healthyFor(LASTING);
    await cycle.once({ signal, dryRun: true });
    settings.healingEnabled = false;
    await cycle.once({ signal });
    settings.healingEnabled = true;
    ledger.note((state) => ({ ...state, pauses: { maintenance: START } }));
    await cycle.once({ signal });
    expect(executed()).toEqual([]);
    ledger.note((state) => ({ ...state, pauses: {} }));
    await cycle.once({ signal });
    expect(executed()).toEqual(['undo a']);
  });

  it('is undone before the next repair begins, and only once', async () => {
    const undone = gate();
    const { cycle, now, executed, signal } = await healthyFor(LASTING, {
      act: ({ action }) => (action === 'undo' ? undone.passed : undefined),
    });
    now['c'] = 'bad';
    const work = cycle.once({ signal });
    await new Promise(setImmediate);
    await cycle.watch(signal);
    expect(executed()).toEqual(['undo a']);
    undone.open();
    await work;
    expect(executed()).toEqual(['undo a', 'mend c']);
  });

  it.each([
    ['c', ['mend c', 'undo a']],
    ['a', ['mend a']],
  ])('is undone beside the repair of another component only: %s', async (component, actions) => {
    const repaired = gate();
    const { cycle, clock, now, executed, signal } = await healthyFor(LASTING, {
      act: ({ action }) => (action === 'undo' ? undefined : repaired.passed),
    });
    now[component] = 'bad';
    const repair = cycle.heal([issueOf({ component })], { signal });
    await clock.advance(0);
    now[component] = 'ok';
    await cycle.watch(signal);
    await clock.advance(0);
    expect(executed()).toEqual(actions);
    repaired.open();
    await repair;
  });

  it('is on record until it was undone: the end of work waits for it', async () => {
    const undone = gate();
    const { cycle, clock, ledger, signal } = await healthyFor(LASTING, { act: () => undone.passed });
    await cycle.watch(signal);
    let isIdle = false;
    const idle = cycle.idle().then(() => (isIdle = true));
    await clock.advance(0);
    expect([isIdle, ledger.state.undo?.length]).toEqual([false, 1]);
    undone.open();
    await idle;
    expect(ledger.state.undo).toEqual([]);
  });
});

describe('the end of monitoring', () => {
  const undo = [undoOf('a'), undoOf('b', 'the boot before'), undoOf('c')];

  it('undoes every temporary change of this boot, also before its component was ok for long', async () => {
    const { cycle, ledger, executed } = cycleOn({ state: { undo } });
    await ledger.open(false);
    await cycle.undoAll();
    expect(executed()).toEqual(['undo a', 'undo c']);
    expect(ledger.state.undo).toEqual([]);
  });

  it('undoes a single change', async () => {
    const { cycle, ledger, executed } = cycleOn({ state: { undo: [undoOf('a')] } });
    await ledger.open(false);
    await cycle.undoAll();
    expect(executed()).toEqual(['undo a']);
  });

  it('undoes nothing twice that is being undone', async () => {
    const undone = gate();
    const { cycle, executed, signal } = await healthyFor(LASTING, { act: () => undone.passed });
    await cycle.watch(signal);
    const end = cycle.undoAll();
    undone.open();
    await end;
    expect(executed()).toEqual(['undo a']);
  });

  it.each<[string, boolean, boolean]>([
    ['in a dry run', true, false],
    ['before the state was loaded', false, true],
    ['of an engine that does not hold the state', false, false],
  ])('undoes nothing %s', async (_what, dryRun, isClosed) => {
    const { cycle, ledger, executed } = cycleOn({ state: { undo }, dryRun });
    if (!isClosed) await ledger.open(!dryRun);
    await cycle.undoAll();
    expect(executed()).toEqual([]);
    expect(ledger.state.undo ?? undo).toEqual(undo);
  });
});
