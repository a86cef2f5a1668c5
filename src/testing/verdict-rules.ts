import { isObject } from '../base/shape.js';
import { IssueType, Severity } from '../model/issue.js';
import { insist, insistOnAll, isText, format } from './conformance.js';

/** Throws unless a value is a verdict. */
export function insistOnVerdict(verdict: unknown, about: string): void {
  insist(isObject(verdict), `${about} returned ${format(verdict)}, which is not a verdict`);
  const { status, reason, severity, value, threshold, clearsAt, evidence } = verdict;
  insistOnAll(about, [
    [['ok', 'bad', 'unknown'].includes(status as string), `the status ${format(status)}`],
    [isText(reason), 'a verdict without a reason: every verdict has a sentence'],
    [severity === undefined || isSeverity(severity), `the severity ${format(severity)}`],
    ...Object.entries({ value, threshold, clearsAt }).map(
      ([key, number]) =>
        [number === undefined || Number.isFinite(number), `the ${key} ${format(number)}`] as const,
    ),
    [evidence === undefined || isLines(evidence), 'evidence that is not an array of strings'],
  ]);
}

/** Throws unless a value is an issue. */
export function insistOnIssue(issue: unknown, about: string): void {
  insist(isObject(issue), `${about} returned ${format(issue)}, which is not an issue`);
  const { type, severity, description, component, metricValue, threshold, timestamp, attempt } = issue;
  const isDated = timestamp instanceof Date && !Number.isNaN(timestamp.getTime());
  insistOnAll(about, [
    [isType(type), `an issue of the type ${format(type)}`],
    [isSeverity(severity), `an issue of the severity ${format(severity)}`],
    [isText(description), 'an issue without a description'],
    [isText(component), 'an issue without a component'],
    [Number.isFinite(metricValue), `an issue with the metricValue ${format(metricValue)}`],
    [Number.isFinite(threshold), `an issue with the threshold ${format(threshold)}`],
    [isDated, `an issue whose timestamp is no valid Date: ${format(timestamp)}`],
    [attempt === undefined || Number.isInteger(attempt), `the attempt ${format(attempt)}`],
  ]);
}

export const isType = (type: unknown): boolean => Object.values(IssueType).includes(type as IssueType);
const isSeverity = (severity: unknown): boolean => Object.values(Severity).includes(severity as Severity);
const isLines = (value: unknown): boolean =>
  Array.isArray(value) && value.every((line) => typeof line === 'string');
