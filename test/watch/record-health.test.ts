import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { EMPTY_STATE, FRESH_RECORD, type GuardState } from '../../src/memory/state.js';
import { fakeClock } from '../../src/testing/index.js';
import { noteLook, type LookScope } from '../../src/watch/record-health.js';
import { verdictOf } from '../make.js';

const { signal } = new AbortController();

describe('the record of a look', () => {
  const NOW = 50;
  const made = (state: Partial<GuardState>, more: Partial<LookScope> = {}) => {
    let current: GuardState = { ...EMPTY_STATE, ...state };
    const ledger = {
      get state() {
        return current;
      },
      note: (change: (state: GuardState, now: number) => GuardState) => void (current = change(current, NOW)),
    };
    const look = vi.fn(() =>
      Promise.resolve([verdictOf({ check: 'services', component: 'a', status: 'ok' })]),
    );
    const detector = { detectIssues: () => Promise.resolve([]), look, inspect: look };
    const settle = vi.fn(() => Promise.resolve());
    const sources = { ledger, guards: DEFAULT_GUARDS, clock: fakeClock(), detector, bootId: 'boot' };
    const scope: LookScope = { signal, dryRun: false, isActing: () => false, ...more };
    const note = (...verdicts: Parameters<typeof noteLook>[0]) =>
      noteLook(verdicts, sources as never, settle, scope);
    return { note, look, settle, state: () => current };
  };
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
});
