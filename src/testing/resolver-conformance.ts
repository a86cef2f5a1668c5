import { isObject } from '../base/shape.js';
import { IssueType, Severity, type Issue } from '../model/issue.js';
import type { Resolver } from '../resolve/resolver.js';
import { conformance, insist, isText, mustNotFail, format, type Make } from './conformance.js';

const COMPONENTS: Readonly<Record<IssueType, readonly string[]>> = {
  resource: [
    'cpu',
    'memory',
    'load',
    'disk',
    'disk:/',
    'disk:/with a space',
    'inodes',
    'inodes:/var',
    'readonly:/',
    'mine',
  ],
  service: ['nginx', 'postgresql@15-main', 'a.socket', 'memory', 'my worker'],
  system: ['system', 'system:state', 'system:oom', 'mine'],
};

/** Options of {@link resolverConformance}. */
export interface ResolverConformanceOptions {
  /** Issues to test besides the usual ones. */
  readonly issues?: readonly Issue[];
}

/** Returns tests for a `Resolver`. */
export function resolverConformance(make: Make<Resolver>, { issues = [] }: ResolverConformanceOptions = {}) {
  const all = [...usualIssues(), ...issues.map((issue) => Object.freeze({ ...issue }))];
  return conformance(make, {
    async 'it returns an action for any issue, synchronously'(resolver) {
      for (const issue of all) {
        const about = `\`getAction\` for ${issue.component} at attempt ${issue.attempt ?? 0}`;
        const answer: unknown = await mustNotFail(about, () => ({ action: resolver.getAction(issue) }));
        const { action } = answer as { action: unknown };
        insist(!(action instanceof Promise), `${about} returned with a promise: it must answer at once`);
        insist(isObject(action), `${about} returned ${format(action)}, which is not { action, parameters }`);
        insist(isText(action.action), `${about} returned without a name of an action: ${format(action)}`);
        const isComplete = isObject(action.parameters);
        insist(isComplete, `${about} returned without an object of parameters: ${format(action)}`);
      }
    },
    'it returns the same action for the same issue'(resolver) {
      for (const issue of all) {
        const one = format(resolver.getAction(issue));
        const other = format(resolver.getAction(issue));
        insist(one === other, `For the same ${issue.component} it returned ${one}, and then ${other}`);
      }
    },
  });
}

/** Returns frozen issues, so that a resolver that modifies one throws. */
function usualIssues(): Issue[] {
  return Object.values(IssueType).flatMap((type) =>
    COMPONENTS[type].flatMap((component) =>
      [undefined, 0, 1, 2, 1_000].map((attempt) =>
        Object.freeze({
          type,
          component,
          severity: Severity.HIGH,
          description: `${component} has a problem`,
          metricValue: 97,
          threshold: 90,
          timestamp: new Date(0),
          ...(attempt === undefined ? {} : { attempt }),
        }),
      ),
    ),
  );
}
