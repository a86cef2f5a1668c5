import type { HealingAction } from '../model/plan.js';
import type { Guards } from '../model/guards.js';
import { recordOf, type GuardState, type Undo } from './state.js';

export const undosOf = (state: GuardState): readonly Undo[] => state.undo ?? [];

/** Adds the undo of an action that is about to be executed. */
export function rememberUndo(
  state: GuardState,
  { action, parameters }: HealingAction,
  about: Pick<Undo, 'at' | 'component' | 'bootId'>,
): GuardState {
  return { ...state, undo: [...undosOf(state), { ...about, action, parameters, until: 0 }] };
}

/** Removes an undo that was executed or is not needed. */
export const forgetUndo = (state: GuardState, done: Undo): GuardState => ({
  ...state,
  undo: undosOf(state).filter((undo) => !isSame(undo, done)),
});

export const postponeUndo = (state: GuardState, failed: Undo, until: number): GuardState => ({
  ...state,
  undo: undosOf(state).map((undo) => (isSame(undo, failed) ? { ...undo, until } : undo)),
});

/** Drops the undos of changes that a reboot has undone. */
export function dropUndosOfOtherBoots(state: GuardState, bootId: string): GuardState {
  if (undosOf(state).every((undo) => undo.bootId === bootId)) return state;
  return { ...state, undo: undosOf(state).filter((undo) => undo.bootId === bootId) };
}

/** Returns the undos that are due: their component has been healthy for `backoff.resetAfterMs`. */
export function dueUndos(state: GuardState, now: number, { backoff }: Guards): readonly Undo[] {
  return undosOf(state).filter(({ component, until }) => {
    const { healthySince } = recordOf(state, component);
    return until <= now && healthySince !== null && now - healthySince >= backoff.resetAfterMs;
  });
}

const isSame = (one: Undo, other: Undo): boolean =>
  one.at === other.at && one.component === other.component && one.action === other.action;
