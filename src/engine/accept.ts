import {
  expectKnownKeys,
  expectObject,
  expectOneOf,
  expectSignal,
  expectStrings,
  expectText,
  refusal,
} from '../base/expect.js';
import { componentOf } from '../model/unit-name.js';
import { IssueType, Severity, type Issue } from '../model/issue.js';

/** Checks an issue that was made by hand. Throws for an invalid one. */
export function acceptIssue(given: unknown, now: Date, option = 'issue'): Issue {
  const issue = expectObject(option, given);
  const { type, severity, description, metricValue, threshold, timestamp = now } = issue;
  const { attempt, evidence, log, check, heals, becauseOf } = issue;
  expectOneOf(`${option}.type`, type, Object.values(IssueType), 'issue type');
  if (!Object.values(Severity).includes(severity as Severity)) {
    throw refusal(`${option}.severity`, 'a severity from 1 (LOW) to 4 (CRITICAL)', severity);
  }
  if (typeof description !== 'string') throw refusal(`${option}.description`, 'a string', description);
  const component = expectText(`${option}.component`, issue.component);
  for (const [key, value] of Object.entries({ metricValue, threshold })) {
    if (!Number.isFinite(value)) throw refusal(`${option}.${key}`, 'a finite number', value);
  }
  if (!(timestamp instanceof Date) || Number.isNaN(timestamp.getTime())) {
    throw refusal(`${option}.timestamp`, 'a valid Date', timestamp);
  }
  if (attempt !== undefined && !(Number.isInteger(attempt) && (attempt as number) >= 0)) {
    throw refusal(`${option}.attempt`, 'a whole number from 0', attempt);
  }
  if (evidence !== undefined) expectStrings(`${option}.evidence`, evidence);
  if (log !== undefined) expectStrings(`${option}.log`, log);
  if (check !== undefined && (typeof check !== 'string' || check === '')) {
    throw refusal(`${option}.check`, 'the name of a check', check);
  }
  if (becauseOf !== undefined && typeof becauseOf !== 'string') {
    throw refusal(`${option}.becauseOf`, 'the name of a unit', becauseOf);
  }
  if (heals !== undefined) {
    const { action, parameters } = expectObject(`${option}.heals`, heals);
    if (typeof action !== 'string') throw refusal(`${option}.heals.action`, 'the name of an action', action);
    expectObject(`${option}.heals.parameters`, parameters);
  }
  return Object.freeze({
    ...(issue as unknown as Issue),
    // `nginx.service` and `nginx` are the same component.
    component: componentOf(component),
    timestamp: new Date(timestamp),
    ...(Array.isArray(evidence) ? { evidence: Object.freeze([...(evidence as string[])]) } : {}),
    ...(Array.isArray(log) ? { log: Object.freeze([...(log as string[])]) } : {}),
  });
}

/** Checks a list of issues. */
export function acceptIssues(given: unknown, now: Date): Issue[] {
  if (!Array.isArray(given)) throw refusal('issues', 'an array of issues', given);
  return given.map((issue: unknown, index) => acceptIssue(issue, now, `issues[${index}]`));
}

/** Options of `startMonitoring`. */
export interface MonitoringOptions {
  /** Seconds from the start of one cycle to the start of the next, over 0 and up to 2,147,483. Default 60. */
  readonly interval?: number;
  /** Ends the monitoring. */
  readonly signal?: AbortSignal;
}

/** Longest timer of Node, in seconds. */
const LONGEST = 2_147_483;

/** Checks the argument of `startMonitoring`. */
export function acceptMonitoring(given: unknown): { intervalMs: number; signal: AbortSignal | undefined } {
  const options: MonitoringOptions =
    typeof given === 'number' ? { interval: given } : expectObject('options', given);
  expectKnownKeys('options', options, ['interval', 'signal']);
  const { interval = 60, signal } = options;
  const possible = typeof interval === 'number' && interval > 0 && interval <= LONGEST;
  if (!possible) throw refusal('interval', `a number of seconds over 0 and up to ${LONGEST}`, interval);
  return { intervalMs: interval * 1_000, signal: expectSignal(signal) };
}
