import { isUnknown } from '../model/reading.js';
import { unitName } from '../model/unit-name.js';
import { IssueType, Severity, type Issue } from '../model/issue.js';
import type { Host } from '../host/host.js';

/** Reads the last log lines of a service whose issue has just opened. */
export async function gatherEvidence(
  issue: Issue,
  host: Host,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (issue.type !== IssueType.SERVICE || issue.severity === Severity.LOW || !host.unitLog) return [];
  try {
    const log = await host.unitLog(unitName(issue.component), signal);
    return isUnknown(log) ? [] : log;
  } catch {
    // Only units have a log.
    return [];
  }
}
