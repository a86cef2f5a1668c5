import { UNNAMED_CHECK } from '../detect/check.js';
import type { Detector, InspectRequest, Looked } from '../detect/detector.js';
import { IssueType, type ComponentVerdict, type Issue } from '../issue.js';

/** Every verdict of a detector, at once where it can; of one that only knows issues, the bad ones. */
export function verdictsOf(detector: Detector, request: InspectRequest): Looked {
  if (detector.look) return detector.look(request);
  return detector.inspect
    ? detector.inspect(request)
    : detector.detectIssues(request).then((issues) => issues.map(verdictFrom));
}

/** Looks at one component again; `undefined` where nothing looks at it. */
export async function lookAgain(
  { component }: Pick<Issue, 'component'>,
  detector: Detector,
  signal: AbortSignal,
): Promise<ComponentVerdict | undefined> {
  const verdicts = await verdictsOf(detector, { component, signal });
  if (!detector.inspect && !detector.look) {
    const reason = `The detector finds nothing wrong with ${component}`;
    const well = { status: 'ok', check: UNNAMED_CHECK, type: IssueType.SERVICE, component, reason } as const;
    return verdicts.find((verdict) => verdict.component === component) ?? well;
  }
  const worst = (status: ComponentVerdict['status']) => verdicts.find((verdict) => verdict.status === status);
  return worst('bad') ?? worst('unknown') ?? worst('ok');
}

const RANK = { ok: 0, unknown: 1, bad: 2 } as const;

/** The worst that was said of each component; what is on its way to another state proves nothing. */
export function worstOf(verdicts: readonly ComponentVerdict[]): Map<string, ComponentVerdict['status']> {
  const worst = new Map<string, ComponentVerdict['status']>();
  for (const { component, status: said, transient } of verdicts) {
    const status = said === 'ok' && transient ? 'unknown' : said;
    if (RANK[status] >= RANK[worst.get(component) ?? 'ok']) worst.set(component, status);
  }
  return worst;
}

const verdictFrom = (issue: Issue): ComponentVerdict => ({
  status: 'bad',
  check: issue.check ?? UNNAMED_CHECK,
  component: issue.component,
  type: issue.type,
  severity: issue.severity,
  reason: issue.description,
  value: issue.metricValue,
  threshold: issue.threshold,
  ...(issue.heals ? { heals: issue.heals } : {}),
  ...(issue.evidence ? { evidence: issue.evidence } : {}),
});
