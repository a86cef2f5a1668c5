import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { EMPTY_STATE, FRESH_RECORD, type GuardState } from '../../src/memory/state.js';
import { fakeClock } from '../../src/testing/index.js';
import { noteLook, type LookScope } from '../../src/watch/record-health.js';
import { verdictOf } from '../make.js';

const { signal } = new AbortController();

const NOW = 50;

/** Notes looks in this state, with a detector that reads `a` as ok by its name. */
const made = (state: Partial<GuardState>, more: Partial<LookScope> = {}) => {
  let current: GuardState = { ...EMPTY_STATE, ...state };
  const ledger = {
    get state() {
      return current;
    },
    note: (change: (state: GuardState, now: number) => GuardState) => void (current = change(current, NOW)),
  };
  const look = vi.fn(() => Promise.resolve([verdictOf({ check: 'services', component: 'a', status: 'ok' })]));
  const detector = { detectIssues: () => Promise.resolve([]), look, inspect: look };
  const settle = vi.fn(() => Promise.resolve());
  const sources = { ledger, guards: DEFAULT_GUARDS, clock: fakeClock(), detector, bootId: 'boot' };
  const scope: LookScope = { signal, dryRun: false, isActing: () => false, ...more };
  const note = (...verdicts: Parameters<typeof noteLook>[0]) =>
    noteLook(verdicts, sources as never, settle, scope);
  return { note, look, settle, state: () => current };
};
describe('the record of a look', () => {
  const components = { a: FRESH_RECORD };
  const intents = [{ component: 'a', check: 'mine', action: 'x' }] as never;
  const seen = (status: 'ok' | 'bad', check = 'services') => verdictOf({ check, component: 'a', status });

  it('begins the healthy time of a component that is ok, and ends it when it is not', async () => {
    const { note, state, look } = made({ components });
    await note(seen('ok'));
    expect(state().components['a']?.healthySince).toBe(NOW);
    await note(seen('bad'));
    expect(state().components['a']?.healthySince ?? null).toBeNull();
    await note(seen('ok'), seen('bad', 'mine'));
    expect(state().components['a']?.healthySince ?? null).toBeNull();
    expect(look).not.toHaveBeenCalled();
  });

  it('reads a component by name that the look does not include, unless it is being repaired', async () => {
    const absent = made({ components });
    await absent.note();
    expect(absent.look).toHaveBeenCalledTimes(1);
    expect(absent.state().components['a']?.healthySince).toBe(NOW);
    const acting = made({ components }, { isActing: () => true });
    await acting.note();
    expect(acting.look).not.toHaveBeenCalled();
    const other = made({ components }, { only: new Set(['b']) });
    await other.note();
    expect(other.look).not.toHaveBeenCalled();
  });

  it('settles interrupted repairs by the check that opened the issue, and not in a dry run', async () => {
    const { note, look, settle } = made({ intents });
    await note(seen('ok'));
    expect(look).toHaveBeenCalledTimes(1);
    expect(settle).toHaveBeenCalledTimes(1);
    const same = made({ intents });
    await same.note(seen('ok', 'mine'));
    expect([same.look.mock.calls.length, same.settle.mock.calls.length]).toEqual([0, 1]);
    const dry = made({ intents }, { dryRun: true });
    await dry.note(seen('ok', 'mine'));
    expect(dry.settle).not.toHaveBeenCalled();
  });

  it('changes nothing on a host without a history', async () => {
    const { note, state, settle } = made({});
    const before = state();
    await note(seen('bad'));
    expect(state()).toBe(before);
    expect(settle).not.toHaveBeenCalled();
  });

  it('waits for the settling of interrupted repairs', async () => {
    const { note, settle } = made({ intents });
    let end = (): void => undefined;
    settle.mockReturnValueOnce(new Promise((resolve) => (end = () => resolve(undefined))));
    let isOver = false;
    const work = note(seen('ok', 'mine')).then(() => (isOver = true));
    await vi.waitFor(() => expect(settle).toHaveBeenCalledOnce());
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    end();
    await work;
  });

  it('begins the healthy time of each component after a lost state', async () => {
    const { note, state } = made({ cautious: true });
    await note(seen('ok'));
    expect(state().components['a']?.healthySince).toBe(NOW);
  });

  it.each([
    [false, 0, []],
    [false, 1, ['b']],
    [true, 0, ['b']],
  ])(
    'rejects requests that were not answered in time, but not in a dry run: %s, %i ms early',
    async (dryRun, early, left) => {
      const askedAt = NOW - DEFAULT_GUARDS.approval.lapseMs + early;
      const request = { id: '1', digest: '1', component: 'b', action: 'x', reason: 'r', askedAt };
      const { note, state } = made({ approvals: [{ ...request, answer: 'waiting' }] }, { dryRun });
      await note();
      expect(state().approvals.map(({ component }) => component)).toEqual(left);
    },
  );
});

describe('the record of a look while a temporary change is pending', () => {
  const undoOf = (component: string, bootId = 'boot') => ({
    at: 1,
    component,
    action: 'undo',
    parameters: {},
    bootId,
    until: 0,
  });
  const healthy = ({ components }: GuardState) =>
    Object.keys(components).filter((name) => components[name]?.healthySince === NOW);
  const ok = (component: string, status: 'ok' | 'bad' = 'ok') =>
    verdictOf({ check: 'services', component, status });

  it('begins the healthy time of its component, also without a repair on record', async () => {
    const { note, state, look } = made({ undo: [undoOf('a'), undoOf('b')] });
    await note(ok('a'), ok('b', 'bad'), ok('c'));
    expect(healthy(state())).toEqual(['a']);
    expect(look).not.toHaveBeenCalled();
  });

  it('reads its component by name if the look does not include it', async () => {
    const { note, state, look } = made({ undo: [undoOf('a')] });
    await note();
    expect(look).toHaveBeenCalledOnce();
    expect(healthy(state())).toEqual(['a']);
  });

  it('forgets the changes that a reboot has undone', async () => {
    const { note, state } = made({ undo: [undoOf('a'), undoOf('b', 'the boot before')] });
    await note(ok('a'), ok('b'));
    expect(state().undo).toEqual([undoOf('a')]);
  });

  it('changes nothing in a dry run', async () => {
    const undo = [undoOf('a'), undoOf('b', 'the boot before')];
    const { note, state } = made({ undo }, { dryRun: true });
    await note(ok('a'), ok('b'));
    expect([healthy(state()), state().undo]).toEqual([[], undo]);
  });
});
