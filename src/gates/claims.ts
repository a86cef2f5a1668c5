import type { AffectedUnit } from '../model/effects.js';
import type { Plan } from '../model/plan.js';
import { CHANGES_GENERATION } from '../memory/generations.js';

/** Exclusive resources of a plan during its execution. */
export interface Claim {
  readonly scope: Plan['scope'];
  /** `true` for a change of the NixOS generation, which excludes all other host actions. */
  readonly alone: boolean;
  /** Names that no other action may claim at the same time. */
  readonly names: readonly string[];
  /** Names of units that start along. Another action may start them too, but not stop them. */
  readonly starts: readonly string[];
  /** Names of units that would be stopped if they ran, such as `shutdown.target`. Another action may not start them. */
  readonly stopsIfUp: readonly string[];
  /** Repaired component; repairs of one component exclude each other in any scope. */
  readonly component?: string;
}

/**
 * Returns the claim of a plan: its units, those that stop with them, those that its jobs affect, and those that they
 * would affect if they ran; for other host actions, the action.
 */
export function claimOf(plan: Plan, component: string): Claim {
  const { scope, action, generation, effects } = plan;
  const units = plan.targets.flatMap((target) =>
    target.kind === 'unit' ? [target.id, ...target.names, ...target.dragsAlong] : [],
  );
  const touched = namesOf(effects?.touches);
  const names = scope === 'process' ? [component] : units.length > 0 ? [...units, ...touched] : [action];
  return {
    scope,
    alone: scope === 'host' && (generation !== undefined || CHANGES_GENERATION.includes(action)),
    names: [...new Set(names)],
    starts: namesOf(effects?.starts),
    stopsIfUp: effects?.touchesIfUp ?? [],
  };
}

const namesOf = (units: readonly AffectedUnit[] = []): string[] => units.flatMap(({ names }) => names);

export const conflicts = (one: Claim, other: Claim): boolean =>
  (one.component !== undefined && one.component === other.component) ||
  (one.scope === other.scope && (one.alone || other.alone || excludes(one, other) || excludes(other, one)));

const excludes = ({ names, starts }: Claim, other: Claim): boolean =>
  names.some((name) => [...other.names, ...other.starts, ...other.stopsIfUp].includes(name)) ||
  starts.some((name) => other.stopsIfUp.includes(name));

export const covers = (held: Claim, needed: Claim): boolean =>
  held.scope === needed.scope &&
  (held.alone ||
    (!needed.alone &&
      needed.names.every((name) => held.names.includes(name)) &&
      needed.starts.every((name) => held.starts.includes(name) || held.names.includes(name)) &&
      needed.stopsIfUp.every((name) => held.stopsIfUp.includes(name) || held.names.includes(name))));
