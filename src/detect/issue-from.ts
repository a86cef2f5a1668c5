import { Severity, type ComponentVerdict, type Issue } from '../issue.js';

/** Returns whether a verdict is bad. */
export const isBad = (verdict: ComponentVerdict): boolean => verdict.status === 'bad';

/** Makes the issue of a bad verdict. */
export function issueFrom(verdict: ComponentVerdict, timestamp: Date): Issue {
  return Object.freeze({
    type: verdict.type,
    severity: verdict.severity ?? Severity.HIGH,
    description: verdict.reason,
    component: verdict.component,
    metricValue: verdict.value ?? 0,
    threshold: verdict.threshold ?? 0,
    timestamp,
    check: verdict.check,
    ...(verdict.evidence ? { evidence: Object.freeze([...verdict.evidence]) } : {}),
  });
}
