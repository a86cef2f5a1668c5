import { IssueType, type ComponentVerdict, type Issue } from '../model/issue.js';
import type { Detector, InspectRequest, Looked } from './detector.js';
import { UNNAMED_CHECK } from '../model/built-in-checks.js';

/** Returns every verdict of a detector, synchronously where possible; of one that only finds issues, the bad ones. */
export function verdictsOf(detector: Detector, request: InspectRequest): Looked {
  if (detector.look) return detector.look(request);
  return detector.inspect
    ? detector.inspect(request)
    : Promise.resolve(detector.detectIssues(request)).then((issues) => issues.map(verdictFrom));
}

/** Component to read again. */
export type LookRequest = Pick<Issue, 'component'> & Pick<InspectRequest, 'check' | 'fresh' | 'signal'>;

/** Reads one component again. Returns the verdict of every check that judges it. */
export async function lookAgain(
  detector: Detector,
  { component, check, fresh, signal }: LookRequest,
): Promise<readonly ComponentVerdict[]> {
  const verdicts = await verdictsOf(detector, { component, check, fresh, signal });
  if (detector.inspect || detector.look) return verdicts;
  const found = verdicts.filter((verdict) => verdict.component === component);
  // A detector that only finds issues reports none: the component is ok.
  return found.length > 0 ? found : [wellBySilence(component)];
}

/** Returns the worst verdict: bad before unknown before ok. */
export function worstVerdict(verdicts: readonly ComponentVerdict[]): ComponentVerdict | undefined {
  const worst = (status: ComponentVerdict['status']) => verdicts.find((verdict) => verdict.status === status);
  return worst('bad') ?? worst('unknown') ?? worst('ok');
}

const RANK = { ok: 0, unknown: 1, bad: 2 } as const;

/** Returns the worst status of each component, without those in transition. */
export function worstOf(verdicts: readonly ComponentVerdict[]): Map<string, ComponentVerdict['status']> {
  const worst = new Map<string, ComponentVerdict['status']>();
  for (const { component, status: said, transient } of verdicts) {
    const status = said === 'ok' && transient ? 'unknown' : said;
    if (RANK[status] >= RANK[worst.get(component) ?? 'ok']) worst.set(component, status);
  }
  return worst;
}

const wellBySilence = (component: string): ComponentVerdict => ({
  status: 'ok',
  check: UNNAMED_CHECK,
  type: IssueType.SERVICE,
  component,
  reason: `The detector finds nothing wrong with ${component}`,
});

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
  ...(issue.log ? { log: issue.log } : {}),
});
