import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS as guards } from '../../src/model/guards.js';
import { EMPTY_STATE, FRESH_RECORD, type GuardState, type Undo } from '../../src/memory/state.js';
import {
  dropUndosOfOtherBoots,
  dueUndos,
  forgetUndo,
  postponeUndo,
  rememberUndo,
  undosOf,
} from '../../src/memory/undo.js';

const MINUTE = 60_000;
const CPU: Undo = {
  ...{ at: 5, component: 'cpu', action: 'set_cpu_governor', parameters: { governor: 'powersave' } },
  ...{ bootId: 'this boot', until: 0 },
};
/** Changes that differ from `CPU` in one field. */
const LATER = { ...CPU, at: 6 };
const OF_MEMORY = { ...CPU, component: 'memory' };
const BY_OTHER_ACTION = { ...CPU, action: 'set_swappiness' };
const ALL = [CPU, LATER, OF_MEMORY, BY_OTHER_ACTION];
const stateWith = (...undo: readonly Undo[]): GuardState => ({ ...EMPTY_STATE, undo });

describe('the changes to undo', () => {
  it('are none in a state of an earlier version, in which they are absent', () => {
    expect(undosOf(EMPTY_STATE)).toEqual([]);
  });

  it('are kept in the order in which they were made, each due at once', () => {
    const { action, parameters, until: _due, ...about } = LATER;
    const state = rememberUndo(stateWith(CPU), { action, parameters }, about);
    expect(undosOf(state)).toEqual([CPU, LATER]);
  });

  it('are forgotten one by one: another time, component or action is another change', () => {
    expect(undosOf(forgetUndo(stateWith(...ALL), { ...CPU }))).toEqual([LATER, OF_MEMORY, BY_OTHER_ACTION]);
  });

  it('are postponed one by one after a failed attempt', () => {
    const state = postponeUndo(stateWith(...ALL), { ...CPU }, 9);
    expect(undosOf(state)).toEqual([{ ...CPU, until: 9 }, LATER, OF_MEMORY, BY_OTHER_ACTION]);
  });

  it('are dropped when the host was booted since, and nothing is saved otherwise', () => {
    const before = { ...LATER, bootId: 'the boot before' };
    expect(undosOf(dropUndosOfOtherBoots(stateWith(before, CPU), 'this boot'))).toEqual([CPU]);
    const state = stateWith(CPU, LATER);
    expect(dropUndosOfOtherBoots(state, 'this boot')).toBe(state);
  });
});

describe('a change is undone', () => {
  const NOW = 100 * MINUTE;
  const due = (healthySince: number | null, until = 0) =>
    dueUndos(
      {
        ...stateWith({ ...CPU, until }),
        components: { cpu: { ...FRESH_RECORD, healthySince }, memory: { ...FRESH_RECORD, healthySince: 0 } },
      },
      NOW,
      guards,
    );

  it('once its component has been healthy for ten minutes', () => {
    expect(due(NOW - 10 * MINUTE)).toEqual([{ ...CPU, until: 0 }]);
    expect(due(NOW - 10 * MINUTE + 1)).toEqual([]);
    expect(due(null)).toEqual([]);
  });

  it('not before the end of the wait after a failed attempt', () => {
    expect(due(0, NOW + 1)).toEqual([]);
    expect(due(0, NOW)).toHaveLength(1);
  });
});
