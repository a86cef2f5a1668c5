import type { Explanation } from '../../../report/explain.js';
import type { EngineStatus } from '../../../report/status.js';
import type { IssueType } from '../../../model/issue.js';
import type { Metrics } from '../../../report/counts.js';
import { actsOf, heldOf, planOf } from './acts.js';
import { bannersOf } from './banners.js';
import { cut, cutAll, EXPLANATION } from './bounds.js';
import { headlineOf, worstFirst } from './headline.js';
import { readingsOf, unitsOf } from './readings.js';
import { withoutLogs } from './without-logs.js';
import type { ApprovalView, BreakerView, IssueView, View } from './view.js';
import { commandFor } from '../../../model/operator-command.js';

/** Limit of issues, of approval requests and of breakers. */
const ROWS = 50;
/** Limit of operator commands, the newest first. */
const COMMANDS = 10;

/** Input of {@link viewOf}. */
export interface Facts {
  readonly status: EngineStatus;
  readonly explained: readonly Explanation[];
  readonly metrics: Metrics;
  readonly host: string;
  readonly controls: boolean;
  /** Set when log lines and the output of commands are included: only for readers with a token. */
  readonly logs: boolean;
}

/** Returns what the page shows. Every text and list in it has a bound. Pure. */
export function viewOf({ metrics, host, controls, logs, ...told }: Facts): View {
  const { status, explained } = logs ? told : withoutLogs(told);
  const at = status.timestamp.getTime();
  const worst = [...explained].sort(worstFirst);
  const open = (type: IssueType): number => worst.filter(({ issue }) => issue.type === type).length;
  const { units, more } = unitsOf(status.verdicts);
  return {
    at,
    host,
    headline: headlineOf(status, explained),
    engine: {
      monitoring: status.monitoring !== undefined,
      intervalMs: status.monitoring?.intervalMs ?? null,
      lastCheck: status.lastLook ? at - status.lastLook.agoMs : null,
      detectionMs: status.lastLook?.detectionMs ?? 0,
      checks: status.verdicts.length,
      dryRun: status.dryRun,
    },
    banners: bannersOf(status),
    approvals: approvalsOf(status, at),
    issues: worst.slice(0, ROWS).map((one) => issueOf(one, at)),
    moreIssues: Math.max(0, worst.length - ROWS),
    issuesByType: { resource: open('resource'), service: open('service'), system: open('system') },
    readings: readingsOf(status.verdicts),
    units,
    moreUnits: more,
    breakers: breakersOf(status, at),
    acts: actsOf(status),
    commands: status.commands
      .slice(-COMMANDS)
      .reverse()
      .map(({ timestamp, command, of, by }) => ({
        at: timestamp.getTime(),
        command,
        of: cut(of),
        by: cut(by),
      })),
    held: heldOf(status),
    totals: {
      detected: metrics.issuesDetected,
      resolved: metrics.issuesResolved,
      failed: metrics.issuesFailed,
      successRate: metrics.successRate,
      byType: {
        resource: metrics.byType.resource.detected,
        service: metrics.byType.service.detected,
        system: metrics.byType.system.detected,
      },
    },
    controls,
  };
}

const approvalsOf = ({ approvals }: EngineStatus, at: number): ApprovalView[] =>
  approvals.slice(0, ROWS).map(({ id, component, action, reason, askedAgoMs, lapsesInMs, plan }) => ({
    id,
    component,
    action,
    reason: cut(reason),
    askedAt: at - askedAgoMs,
    lapsesAt: at + lapsesInMs,
    plan: plan ? planOf(plan) : null,
    command: plan?.approvedBy === 'person' ? commandFor(id) : null,
  }));

const issueOf = (one: Explanation & { readonly hiddenLines?: number }, at: number): IssueView => ({
  component: one.component,
  type: one.issue.type,
  severity: one.issue.severity,
  description: cut(one.issue.description),
  openedAt: at - one.openForMs,
  evidence: cutAll(one.issue.evidence ?? []),
  hiddenLines: one.hiddenLines ?? 0,
  tried: one.tried
    .slice(-5)
    .map(({ agoMs, action, outcome, words }) => ({ at: at - agoMs, action, outcome, words: cut(words) })),
  rootCauseUnknown: one.rootCauseUnknown,
  blockedBy: one.blockedBy ?? null,
  blockedBecause: one.blockedBecause === undefined ? null : cut(one.blockedBecause),
  next: cut(one.next),
  text: cut(one.text, EXPLANATION),
});

/** Returns the breakers that are not closed, and components whose last repair failed. */
const breakersOf = ({ components }: EngineStatus, at: number): BreakerView[] =>
  components
    .filter(({ breaker, failures, needsHuman }) => breaker !== 'closed' || failures > 0 || needsHuman)
    .slice(0, ROWS)
    .map(({ component, breaker, breakerForMs, failures, needsHuman }) => ({
      component,
      breaker,
      until: breakerForMs === undefined ? null : at + breakerForMs,
      failures,
      needsHuman,
    }));
