import type { HealingAction } from '../model/plan.js';
import type { Guards } from '../model/guards.js';
import { recordOf, type GuardState, type Undo } from './state.js';

const NONE: readonly Undo[] = [];

/** What is to be taken back, oldest first. */
export const undosOf = (state: GuardState): readonly Undo[] => state.undo ?? NONE;

/** Writes down, before an act, how it is taken back. What is remembered already stays first in line. */
export function rememberUndo(
  state: GuardState,
  { action, parameters }: HealingAction,
  about: Pick<Undo, 'at' | 'component' | 'bootId'>,
): GuardState {
  return { ...state, undo: [...undosOf(state), { ...about, action, parameters, until: 0 }] };
}

/** Forgets what was taken back, or never done. */
export const forgetUndo = (state: GuardState, done: Undo): GuardState => ({
  ...state,
  undo: undosOf(state).filter((undo) => !isSame(undo, done)),
});

/** Lets one that could not be done wait. */
export const postponeUndo = (state: GuardState, failed: Undo, until: number): GuardState => ({
  ...state,
  undo: undosOf(state).map((undo) => (isSame(undo, failed) ? { ...undo, until } : undo)),
});

/** Forgets what a reboot took back. */
export function dropUndosOfOtherBoots(state: GuardState, bootId: string): GuardState {
  if (undosOf(state).every((undo) => undo.bootId === bootId)) return state;
  return { ...state, undo: undosOf(state).filter((undo) => undo.bootId === bootId) };
}

/** What is to be taken back now: of components that have been well for as long as brings a backoff back to its start. */
export function dueUndos(state: GuardState, now: number, { backoff }: Guards): readonly Undo[] {
  return undosOf(state).filter(({ component, until }) => {
    const { healthySince } = recordOf(state, component);
    return until <= now && healthySince !== null && now - healthySince >= backoff.resetAfterMs;
  });
}

const isSame = (one: Undo, other: Undo): boolean =>
  one.at === other.at && one.component === other.component && one.action === other.action;
