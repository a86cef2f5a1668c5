import { IssueType, Severity } from '../model/issue.js';
import { insist, isObject, isText, describeValue } from './conformance.js';

/** Holds a verdict against what a verdict is. */
export function insistOnVerdict(verdict: unknown, about: string): void {
  insist(isObject(verdict), `${about} gave ${describeValue(verdict)}, which is not a verdict`);
  const { status, reason, severity, value, threshold, clearsAt, evidence } = verdict;
  insist(
    ['ok', 'bad', 'unknown'].includes(status as string),
    `${about} gave the status ${describeValue(status)}`,
  );
  insist(isText(reason), `${about} gave a verdict without a reason: every verdict has a sentence`);
  insist(
    severity === undefined || isSeverity(severity),
    `${about} gave the severity ${describeValue(severity)}`,
  );
  for (const [key, number] of Object.entries({ value, threshold, clearsAt })) {
    insist(
      number === undefined || Number.isFinite(number),
      `${about} gave the ${key} ${describeValue(number)}`,
    );
  }
  insist(
    evidence === undefined || isLines(evidence),
    `${about} gave evidence that is not an array of strings`,
  );
}

/** Holds an issue against what an issue is. */
export function insistOnIssue(issue: unknown, about: string): void {
  insist(isObject(issue), `${about} gave ${describeValue(issue)}, which is not an issue`);
  const { type, severity, description, component, metricValue, threshold, timestamp, attempt } = issue;
  insist(isType(type), `${about} gave an issue of the type ${describeValue(type)}`);
  insist(isSeverity(severity), `${about} gave an issue of the severity ${describeValue(severity)}`);
  insist(isText(description), `${about} gave an issue without a description`);
  insist(isText(component), `${about} gave an issue without a component`);
  insist(
    Number.isFinite(metricValue),
    `${about} gave an issue with the metricValue ${describeValue(metricValue)}`,
  );
  insist(Number.isFinite(threshold), `${about} gave an issue with the threshold ${describeValue(threshold)}`);
  const dated = timestamp instanceof Date && !Number.isNaN(timestamp.getTime());
  insist(dated, `${about} gave an issue whose timestamp is no valid Date: ${describeValue(timestamp)}`);
  insist(
    attempt === undefined || Number.isInteger(attempt),
    `${about} gave the attempt ${describeValue(attempt)}`,
  );
}

export const isType = (type: unknown): boolean => Object.values(IssueType).includes(type as IssueType);
const isSeverity = (severity: unknown): boolean => Object.values(Severity).includes(severity as Severity);
const isLines = (value: unknown): boolean =>
  Array.isArray(value) && value.every((line) => typeof line === 'string');
