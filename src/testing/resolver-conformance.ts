import { IssueType, Severity, type Issue } from '../model/issue.js';
import type { Resolver } from '../resolve/resolver.js';
import {
  conformance,
  insist,
  isObject,
  isText,
  mustNotFail,
  describeValue,
  type ConformanceCase,
  type Make,
} from './conformance.js';

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

/** What a {@link resolverConformance} may be told. */
export interface ResolverConformanceOptions {
  /** Issues of your own kind, to be tried besides the usual ones. */
  readonly issues?: readonly Issue[];
}

/** What every `Resolver` promises. */
export function resolverConformance(
  make: Make<Resolver>,
  { issues = [] }: ResolverConformanceOptions = {},
): ConformanceCase[] {
  const all = [...usualIssues(), ...issues.map((issue) => Object.freeze({ ...issue }))];
  return conformance(make, {
    async 'it picks an action for any issue, at once'(resolver) {
      for (const issue of all) {
        const about = `\`getAction\` for ${issue.component} at attempt ${issue.attempt ?? 0}`;
        const answer: unknown = await mustNotFail(about, () => ({ action: resolver.getAction(issue) }));
        const { action } = answer as { action: unknown };
        insist(!(action instanceof Promise), `${about} answered with a promise: it must answer at once`);
        insist(
          isObject(action),
          `${about} answered ${describeValue(action)}, which is not { action, parameters }`,
        );
        insist(
          isText(action.action),
          `${about} answered without a name of an action: ${describeValue(action)}`,
        );
        insist(
          isObject(action.parameters),
          `${about} answered without an object of parameters: ${describeValue(action)}`,
        );
      }
    },
    'it picks the same action for the same issue'(resolver) {
      for (const issue of all) {
        const [one, other] = [resolver.getAction(issue), resolver.getAction(issue)].map((action) =>
          describeValue(action),
        );
        insist(one === other, `For the same ${issue.component} it picked ${one}, and then ${other}`);
      }
    },
  });
}

/** Frozen, so that a resolver which writes to an issue throws. */
function usualIssues(): Issue[] {
  return Object.values(IssueType).flatMap((type) =>
    COMPONENTS[type].flatMap((component) =>
      [undefined, 0, 1, 2, 1_000].map((attempt) =>
        Object.freeze({
          type,
          component,
          severity: Severity.HIGH,
          description: `${component} is in trouble`,
          metricValue: 97,
          threshold: 90,
          timestamp: new Date(0),
          ...(attempt === undefined ? {} : { attempt }),
        }),
      ),
    ),
  );
}
