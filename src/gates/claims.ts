import type { Plan } from '../model/plan.js';
import { CHANGES_GENERATION } from '../memory/generations.js';

/** What a plan needs for itself while it is carried out. */
export interface Claim {
  readonly scope: Plan['scope'];
  /** A change of the NixOS generation: no other host action runs beside it. */
  readonly alone: boolean;
  /** Names that no other action may claim at the same time. */
  readonly names: readonly string[];
  /** The component that is repaired, in whatever scope: one record and one proof speak for it. */
  readonly component?: string;
}

/**
 * Returns what a plan needs for itself: its units, those that go down with them and those that its jobs touch; for other
 * host actions the action.
 */
export function claimOf(plan: Plan, component: string): Claim {
  const { scope, action, generation } = plan;
  const units = plan.targets.flatMap((target) =>
    target.kind === 'unit' ? [target.id, ...target.names, ...target.dragsAlong] : [],
  );
  const touched = plan.effects?.touches.flatMap((unit) => unit.names) ?? [];
  const names = scope === 'process' ? [component] : units.length > 0 ? [...units, ...touched] : [action];
  return {
    scope,
    alone: scope === 'host' && (generation !== undefined || CHANGES_GENERATION.includes(action)),
    names: [...new Set(names)],
  };
}

/** Returns whether two plans may not be carried out at the same time. */
export const conflicts = (one: Claim, other: Claim): boolean =>
  (one.component !== undefined && one.component === other.component) ||
  (one.scope === other.scope &&
    (one.alone || other.alone || one.names.some((name) => other.names.includes(name))));

/** Returns whether who holds one claim may carry out a plan that needs another one. */
export const covers = (held: Claim, needed: Claim): boolean =>
  held.scope === needed.scope &&
  (held.alone || (!needed.alone && needed.names.every((name) => held.names.includes(name))));
