import { refusal } from '../base/expect.js';
import type { Issue } from '../model/issue.js';
import { refusePythonNames, RESOLVER_NAMES } from '../base/python-names.js';
import type { HealingAction } from '../model/plan.js';
import { NO_ACTION, rulesFor, TYPE_LADDERS, type Ladder, isBuiltInCheck } from '../model/built-in-checks.js';
import { parseComponent } from '../model/component.js';

/** The port that chooses an action. */
export interface Resolver {
  /** Returns the action for an issue, synchronously. */
  getAction(issue: Issue): HealingAction;
}

/**
 * Chooses an action by component from a table of ladders, cheapest and most reversible action first.
 *
 * Subclass it, override `getAction` for your own cases, and call `super.getAction(issue)` for the rest.
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
   * Returns the action for an issue. `issue.attempt` (0 first) is the rung of the ladder; the last rung repeats. An issue
   * of your own check gets the action in its `heals`, or `none`.
   */
  getAction(issue: Issue): HealingAction {
    if (typeof (issue as Issue | null)?.component !== 'string') throw refusal('issue', 'an issue', issue);
    const { component, type, attempt = 0, check, heals } = issue;
    // The component of a custom check may share its name with an unrelated unit.
    if (heals !== undefined) return heals;
    if (check !== undefined && !isBuiltInCheck(check)) return NO_ACTION;
    // A unit may be called `memory`.
    const { ladder, of } =
      type === 'service'
        ? { ladder: TYPE_LADDERS.service, of: component }
        : (known.get(component) ?? ladderOf(component, type));
    return ladder[attempt < ladder.length ? attempt : ladder.length - 1]?.(of) ?? NO_ACTION;
  }
}

/** A ladder, and the argument of its rungs. */
interface LadderOf {
  readonly ladder: Ladder;
  readonly of: string;
}

/** Ladders by component, so that each component is parsed once. */
const known = new Map<string, LadderOf>();
const MOST_KNOWN = 1_000;

function ladderOf(component: string, type: Issue['type']): LadderOf {
  const parsed = parseComponent(component);
  const rules = rulesFor(parsed)?.rules;
  if (rules === undefined) return { ladder: TYPE_LADDERS[type], of: component };
  if (known.size >= MOST_KNOWN) known.clear();
  const found = { ladder: rules.ladder, of: parsed.of };
  known.set(component, found);
  return found;
}

refusePythonNames(SimpleResolver.prototype, RESOLVER_NAMES);
