import type { Issue } from '../issue.js';
import type { HealingAction } from '../plan.js';
import { COMPONENT_LADDERS, NO_ACTION, TYPE_LADDERS } from './ladder.js';

/** What the engine needs of a resolver. */
export interface Resolver {
  /** Picks the action for an issue; it only picks, so it must answer at once. */
  getAction(issue: Issue): HealingAction;
}

/**
 * Picks an action by what is in trouble: a table, cheapest and most reversible rung first.
 *
 * Subclass it and override `getAction` for what you know better, and call `super.getAction(issue)` for the rest.
 */
export class SimpleResolver implements Resolver {
  /** The action for an issue; `issue.attempt` (0 first) tells the rung, and the last rung repeats. */
  getAction(issue: Issue): HealingAction {
    const { component, type } = issue;
    const colon = component.indexOf(':');
    const word = colon === -1 ? component : component.slice(0, colon + 1);
    // A unit may be called `memory`: the table of components is for what is no service.
    const ladder = (type === 'service' ? undefined : COMPONENT_LADDERS.get(word)) ?? TYPE_LADDERS[type];
    return ladder[Math.min(issue.attempt ?? 0, ladder.length - 1)]?.(issue) ?? NO_ACTION;
  }
}
