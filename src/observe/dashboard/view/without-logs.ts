import type { Explanation } from '../../../report/explain.js';
import type { EngineStatus } from '../../../report/status.js';
import type { Issue } from '../../../model/issue.js';
import { printable } from '../../../base/printable.js';
import type { HealingResult } from '../../../model/result.js';

/** Matches the output of a command in the sentence about its end. */
const PRINTED = /(` (?:exited with -?\d+|was ended by \w+)): [^]*/;
/** Matches the output of the pre-switch check of a system. */
const CHECKED = /(check refuses a switch|made beforehand: it could not be made): [^]*/;

/**
 * Returns a sentence without what a command printed: of a switch of generations, that is what root's own scripts wrote
 * to the journal.
 */
const withoutOutput = (text: string): string => text.replace(PRINTED, '$1').replace(CHECKED, '$1');

/**
 * Returns what may be shown to readers without a token: everything but the lines of logs and the output of commands,
 * which the engine may read and they may not. Pure.
 */
export function withoutLogs({ status, explained }: Told): Told {
  return { status: statusWithout(status), explained: explained.map(explanationWithout) };
}

/** State and explanations of an engine. */
interface Told {
  readonly status: EngineStatus;
  readonly explained: readonly (Explanation & {
    /** Number of log lines that are left out. */
    readonly hiddenLines?: number;
  })[];
}

function statusWithout(status: EngineStatus): EngineStatus {
  const { issues, results, acts, approvals } = status;
  return {
    ...status,
    issues: issues.map(issueWithout),
    results: results.map(resultWithout),
    acts: acts.map((act) => ({ ...act, words: withoutOutput(act.words) })),
    approvals: approvals.map((asked) => ({
      ...asked,
      reason: withoutOutput(asked.reason),
      ...(asked.plan ? { plan: planWithout(asked.plan) } : {}),
    })),
  };
}

function issueWithout(issue: Issue): Issue {
  const { log, evidence = [] } = issue;
  if (log === undefined) return issue;
  const hidden = new Set(log);
  return { ...issue, evidence: evidence.filter((line) => !hidden.has(line)), log: [] };
}

function resultWithout(result: HealingResult): HealingResult {
  const { issue, attempts, plan } = result;
  return {
    ...result,
    issue: issueWithout(issue),
    attempts: attempts.map((attempt) =>
      'error' in attempt ? { ...attempt, error: withoutOutput(attempt.error ?? '') } : attempt,
    ),
    ...(result.error === undefined ? {} : { error: withoutOutput(result.error) }),
    ...(plan ? { plan: planWithout(plan) } : {}),
  } as HealingResult;
}

const planWithout = (plan: NonNullable<HealingResult['plan']>): NonNullable<HealingResult['plan']> => ({
  ...plan,
  notes: plan.notes.map(withoutOutput),
  ...(plan.approval === undefined ? {} : { approval: withoutOutput(plan.approval) }),
});

function explanationWithout(one: Explanation): Told['explained'][number] {
  const hidden = new Set((one.issue.log ?? []).map((line) => `  | ${printable(line)}`));
  const lines = one.text.split('\n').filter((line) => !hidden.has(line));
  const { blockedBecause } = one;
  return {
    ...one,
    issue: issueWithout(one.issue),
    hiddenLines: one.issue.log?.length ?? 0,
    tried: one.tried.map((act) => ({ ...act, words: withoutOutput(act.words) })),
    ...(blockedBecause === undefined ? {} : { blockedBecause: withoutOutput(blockedBecause) }),
    text: lines.map(withoutOutput).join('\n'),
  };
}
