import { isBuiltInCheck } from '../detect/check.js';
import { refusal } from '../base/expect.js';
import type { Issue } from '../model/issue.js';
import { refusePythonNames, RESOLVER_NAMES } from '../base/python-names.js';
import type { HealingAction } from '../model/plan.js';
import { COMPONENT_LADDERS, NO_ACTION, TYPE_LADDERS, type Ladder } from './ladder.js';

/** What the engine needs of a resolver. */
export interface Resolver {
  /** Picks the action for an issue; it only picks, so it must answer at once. */
  getAction(issue: Issue): HealingAction;
}

/**
 * Picks an action by what is in trouble: a table, cheapest and most reversible rung first.
 *
 * Subclass it and override `getAction` for what you know better, and call `super.getAction(issue)` for the rest.
 *
 * @example
 * ```js
 * import { createSelfHealingEngine, SimpleResolver } from '@luminous-nix/self-healing';
 *
 * class Careful extends SimpleResolver {
 *   getAction(issue) {
 *     return issue.component === 'db' ? { action: 'none', parameters: {} } : super.getAction(issue);
 *   }
 * }
 * export const engine = createSelfHealingEngine({ resolver: new Careful() });
 * ```
 */
export class SimpleResolver implements Resolver {
  /**
   * The action for an issue; `issue.attempt` (0 first) tells the rung, and the last rung repeats. An issue of a check of
   * your own gets what the check has in `heals`, and without it `none`.
   */
  getAction(issue: Issue): HealingAction {
    if (typeof (issue as Issue | null)?.component !== 'string') throw refusal('issue', 'an issue', issue);
    const { component, type, attempt = 0, check, heals } = issue;
    // A check of the host program's own may look at anything: its component may share its name with some unit.
    if (heals !== undefined) return heals;
    if (check !== undefined && !isBuiltInCheck(check)) return NO_ACTION;
    // A unit may be called `memory`: the table of components is for what is no service.
    const ladder =
      type === 'service' ? TYPE_LADDERS.service : (known.get(component) ?? ladderOf(component, type));
    return ladder[attempt < ladder.length ? attempt : ladder.length - 1]?.(issue) ?? NO_ACTION;
  }
}

/** Ladders by whole component, so that its word is cut out once. */
const known = new Map<string, Ladder>();
const MOST_KNOWN = 1_000;

function ladderOf(component: string, type: Issue['type']): Ladder {
  const colon = component.indexOf(':');
  const ladder = COMPONENT_LADDERS.get(colon === -1 ? component : component.slice(0, colon + 1));
  if (ladder === undefined) return TYPE_LADDERS[type];
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(component, ladder);
  return ladder;
}

refusePythonNames(SimpleResolver.prototype, RESOLVER_NAMES);
