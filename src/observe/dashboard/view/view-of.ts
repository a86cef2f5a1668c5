import type { Explanation } from '../../../report/explain.js';
import type { EngineStatus } from '../../../report/status.js';
import type { Metrics } from '../../../report/counts.js';
import { actsOf, heldOf, planOf } from './acts.js';
import { bannersOf } from './banners.js';
import { headlineOf } from './headline.js';
import { readingsOf, unitsOf } from './readings.js';
import { withoutLogs } from './without-logs.js';
import type { ApprovalView, BreakerView, IssueView, View } from './view.js';
import { commandFor } from '../../../model/operator-command.js';

/** So many issues at most, the worst first. */
const ISSUES = 50;
/** Commands of people at most, the newest. */
const COMMANDS = 10;

/** What the page is made from. */
export interface Facts {
  readonly status: EngineStatus;
  readonly explained: readonly Explanation[];
  readonly metrics: Metrics;
  /** Name of the machine. */
  readonly host: string;
  readonly controls: boolean;
  /** Whether lines of logs and the output of commands are shown: only to readers who have shown a token. */
  readonly logs: boolean;
}

/** Makes what the page shows. Pure. */
export function viewOf({ metrics, host, controls, logs, ...told }: Facts): View {
  const { status, explained } = logs ? told : withoutLogs(told);
  const at = status.timestamp.getTime();
  const worst = [...explained].sort((a, b) => b.issue.severity - a.issue.severity);
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
      dryRun: status.dryRun,
    },
    banners: bannersOf(status),
    approvals: approvalsOf(status, at),
    issues: worst.slice(0, ISSUES).map((one) => issueOf(one, at)),
    moreIssues: Math.max(0, worst.length - ISSUES),
    readings: readingsOf(status.verdicts),
    units,
    moreUnits: more,
    breakers: breakersOf(status, at),
    acts: actsOf(status),
    commands: status.commands
      .slice(-COMMANDS)
      .reverse()
      .map(({ timestamp, command, of, by }) => ({ at: timestamp.getTime(), command, of, by })),
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
  approvals.map(({ id, component, action, reason, askedAgoMs, lapsesInMs, plan }) => ({
    id,
    component,
    action,
    reason,
    askedAt: at - askedAgoMs,
    lapsesAt: at + lapsesInMs,
    plan: plan ? planOf(plan) : null,
    command: plan?.approvedBy === 'person' ? commandFor(id) : null,
  }));

const issueOf = (one: Explanation & { readonly hiddenLines?: number }, at: number): IssueView => ({
  component: one.component,
  type: one.issue.type,
  severity: one.issue.severity,
  description: one.issue.description,
  openedAt: at - one.openForMs,
  evidence: one.issue.evidence ?? [],
  hiddenLines: one.hiddenLines ?? 0,
  tried: one.tried
    .slice(-5)
    .map(({ agoMs, action, outcome, words }) => ({ at: at - agoMs, action, outcome, words })),
  rootCauseUnknown: one.rootCauseUnknown,
  blockedBy: one.blockedBy ?? null,
  blockedBecause: one.blockedBecause ?? null,
  next: one.next,
  text: one.text,
});

/** Those that stand against a repair, and those on their way there. */
const breakersOf = ({ components }: EngineStatus, at: number): BreakerView[] =>
  components
    .filter(({ breaker, failures, needsHuman }) => breaker !== 'closed' || failures > 0 || needsHuman)
    .map(({ component, breaker, breakerForMs, failures, needsHuman }) => ({
      component,
      breaker,
      until: breakerForMs === undefined ? null : at + breakerForMs,
      failures,
      needsHuman,
    }));
