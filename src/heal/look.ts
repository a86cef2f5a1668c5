import type { Detector, InspectRequest } from '../detect/detector.js';
import type { ComponentVerdict, Issue } from '../issue.js';

/** Every verdict of a detector; of one that only knows issues, the bad ones. */
export async function verdictsOf(
  detector: Detector,
  request: InspectRequest,
): Promise<readonly ComponentVerdict[]> {
  return detector.inspect
    ? detector.inspect(request)
    : (await detector.detectIssues(request)).map(verdictFrom);
}

/** Looks at one component again; `undefined` where nothing looks at it. */
export async function lookAgain(
  issue: Issue,
  detector: Detector,
  signal: AbortSignal,
): Promise<ComponentVerdict | undefined> {
  const verdicts = await verdictsOf(detector, { component: issue.component, signal });
  if (!detector.inspect) {
    const found = verdicts.find(({ component }) => component === issue.component);
    return (
      found ?? {
        ...verdictFrom(issue),
        status: 'ok',
        reason: `The detector finds nothing wrong with ${issue.component}`,
      }
    );
  }
  const worst = (status: ComponentVerdict['status']) => verdicts.find((verdict) => verdict.status === status);
  return worst('bad') ?? worst('unknown') ?? worst('ok');
}

const verdictFrom = (issue: Issue): ComponentVerdict => ({
  status: 'bad',
  check: issue.type,
  component: issue.component,
  type: issue.type,
  severity: issue.severity,
  reason: issue.description,
  value: issue.metricValue,
  threshold: issue.threshold,
  ...(issue.evidence ? { evidence: issue.evidence } : {}),
});
