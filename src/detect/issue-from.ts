import { Severity, type ComponentVerdict, type Issue } from '../model/issue.js';
import { UNNAMED_CHECK } from '../model/built-in-checks.js';

/** Returns whether a verdict is bad. */
export const isBad = (verdict: ComponentVerdict): boolean => verdict.status === 'bad';

/** Returns the issue for a bad verdict. */
export function issueFrom(verdict: ComponentVerdict, timestamp: Date): Issue {
  return Object.freeze({
    type: verdict.type,
    severity: verdict.severity ?? Severity.HIGH,
    description: verdict.reason,
    component: verdict.component,
    metricValue: verdict.value ?? 0,
    threshold: verdict.threshold ?? 0,
    timestamp,
    ...(verdict.check === UNNAMED_CHECK ? {} : { check: verdict.check }),
    ...(verdict.heals ? { heals: verdict.heals } : {}),
    ...(verdict.becauseOf === undefined ? {} : { becauseOf: verdict.becauseOf }),
    ...(verdict.evidence ? { evidence: Object.freeze([...verdict.evidence]) } : {}),
    ...(verdict.log ? { log: Object.freeze([...verdict.log]) } : {}),
  });
}
