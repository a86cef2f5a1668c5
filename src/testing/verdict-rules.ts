import { isObject } from '../base/shape.js';
import { IssueType, Severity } from '../model/issue.js';
import { insist, isText, format } from './conformance.js';

/** Throws unless a value is a verdict. */
export function insistOnVerdict(verdict: unknown, about: string): void {
  insist(isObject(verdict), `${about} returned ${format(verdict)}, which is not a verdict`);
  const { status, reason, severity, value, threshold, clearsAt, evidence } = verdict;
  insist(
    ['ok', 'bad', 'unknown'].includes(status as string),
    `${about} returned the status ${format(status)}`,
  );
  insist(isText(reason), `${about} returned a verdict without a reason: every verdict has a sentence`);
  insist(
    severity === undefined || isSeverity(severity),
    `${about} returned the severity ${format(severity)}`,
  );
  for (const [key, number] of Object.entries({ value, threshold, clearsAt })) {
    insist(number === undefined || Number.isFinite(number), `${about} returned the ${key} ${format(number)}`);
  }
  insist(
    evidence === undefined || isLines(evidence),
    `${about} returned evidence that is not an array of strings`,
  );
}

/** Throws unless a value is an issue. */
export function insistOnIssue(issue: unknown, about: string): void {
  insist(isObject(issue), `${about} returned ${format(issue)}, which is not an issue`);
  const { type, severity, description, component, metricValue, threshold, timestamp, attempt } = issue;
  insist(isType(type), `${about} returned an issue of the type ${format(type)}`);
  insist(isSeverity(severity), `${about} returned an issue of the severity ${format(severity)}`);
  insist(isText(description), `${about} returned an issue without a description`);
  insist(isText(component), `${about} returned an issue without a component`);
  insist(
    Number.isFinite(metricValue),
    `${about} returned an issue with the metricValue ${format(metricValue)}`,
  );
  insist(Number.isFinite(threshold), `${about} returned an issue with the threshold ${format(threshold)}`);
  const dated = timestamp instanceof Date && !Number.isNaN(timestamp.getTime());
  insist(dated, `${about} returned an issue whose timestamp is no valid Date: ${format(timestamp)}`);
  insist(
    attempt === undefined || Number.isInteger(attempt),
    `${about} returned the attempt ${format(attempt)}`,
  );
}

export const isType = (type: unknown): boolean => Object.values(IssueType).includes(type as IssueType);
const isSeverity = (severity: unknown): boolean => Object.values(Severity).includes(severity as Severity);
const isLines = (value: unknown): boolean =>
  Array.isArray(value) && value.every((line) => typeof line === 'string');
