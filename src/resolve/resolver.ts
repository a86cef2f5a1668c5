import { isBuiltInCheck } from '../detect/check.js';
import { refusal } from '../base/expect.js';
import type { Issue } from '../model/issue.js';
import { refusePythonNames, RESOLVER_NAMES } from '../base/python-names.js';
import type { HealingAction } from '../model/plan.js';
import { NO_ACTION, rulesFor, TYPE_LADDERS, type Ladder } from '../model/built-in-checks.js';
import { parseComponent } from '../model/component.js';

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
    const { ladder, of } =
      type === 'service'
        ? { ladder: TYPE_LADDERS.service, of: component }
        : (known.get(component) ?? ladderOf(component, type));
    return ladder[attempt < ladder.length ? attempt : ladder.length - 1]?.(of) ?? NO_ACTION;
  }
}

/** A ladder, and what its rungs are called with. */
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
