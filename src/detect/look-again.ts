import { IssueType, type ComponentVerdict, type Issue } from '../model/issue.js';
import { UNNAMED_CHECK } from './check.js';
import type { Detector, InspectRequest, Looked } from './detector.js';

/** Every verdict of a detector, at once where it can; of one that only knows issues, the bad ones. */
export function verdictsOf(detector: Detector, request: InspectRequest): Looked {
  if (detector.look) return detector.look(request);
  return detector.inspect
    ? detector.inspect(request)
    : Promise.resolve(detector.detectIssues(request)).then((issues) => issues.map(verdictFrom));
}

/** Which component is read again, and how. */
export type LookRequest = Pick<Issue, 'component'> & Pick<InspectRequest, 'check' | 'fresh' | 'signal'>;

/** Reads one component again: the verdict of every check that speaks for it. Empty where none does. */
export async function lookAgain(
  detector: Detector,
  { component, check, fresh, signal }: LookRequest,
): Promise<readonly ComponentVerdict[]> {
  const verdicts = await verdictsOf(detector, { component, check, fresh, signal });
  if (detector.inspect || detector.look) return verdicts;
  const found = verdicts.filter((verdict) => verdict.component === component);
  // A detector that finds issues only says by its silence that there is none.
  return found.length > 0 ? found : [wellBySilence(component)];
}

/** The one verdict that counts: bad before unknown before ok. */
export function worstVerdict(verdicts: readonly ComponentVerdict[]): ComponentVerdict | undefined {
  const worst = (status: ComponentVerdict['status']) => verdicts.find((verdict) => verdict.status === status);
  return worst('bad') ?? worst('unknown') ?? worst('ok');
}

const RANK = { ok: 0, unknown: 1, bad: 2 } as const;

/** The worst status of each component; what is on its way to another state proves nothing. */
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
