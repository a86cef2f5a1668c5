import { BUILT_IN_COMPONENTS } from '../model/built-in-checks.js';
import { BLOCK_REASONS } from '../model/plan.js';
import { version } from '../../package.json';
import { byCheck, byComponent, byMount, counter, gauge, histogram, reading, type Family } from './family.js';
import { labelValue } from './sight.js';

const BREAKER = { closed: 0, 'half-open': 1, open: 2 } as const;

/** All metrics, in the order of the output. */
export const FAMILIES: readonly Family[] = [
  counter('healing_issues_detected', 'Issues that opened.', ({ metrics }) => metrics.issuesDetected),
  counter(
    'healing_issues_resolved',
    'Issues fixed by a repair, as verified by a fresh reading.',
    ({ metrics }) => metrics.issuesResolved,
  ),
  counter(
    'healing_issues_failed',
    'Repairs that failed or had no effect.',
    ({ metrics }) => metrics.issuesFailed,
  ),
  gauge(
    'healing_last_check',
    'Time of the last check of the host, in seconds since the epoch; 0 before the first.',
    ({ metrics }) => (metrics.lastCheck?.getTime() ?? 0) / 1_000,
  ),
  gauge(
    'healing_success_rate',
    'Share of resolved in resolved plus failed, in percent; 100 before the first repair.',
    ({ metrics }) => 100 * metrics.successRate,
  ),
  histogram(
    'healing_detection_time_ms',
    'Duration of one check of the host, in milliseconds.',
    ({ status }) => status.times.detection,
  ),
  histogram(
    'healing_resolution_time_ms',
    'Duration of a repair including its verification, in milliseconds.',
    ({ status }) => status.times.resolution,
  ),
  counter(
    'healing_issues_relapsed',
    'Issues that came back soon after a repair had fixed them.',
    ({ metrics }) => metrics.issuesRelapsed,
  ),
  {
    ...{ type: 'gauge', name: 'healing_build_info', labels: ['version', 'node'] },
    help: 'Version of the library and of Node.js, as labels; the value is always 1.',
    read: () => [{ labels: { version, node: process.versions.node }, value: 1 }],
  },
  {
    ...{ type: 'counter', name: 'healing_actions_total', labels: ['action', 'outcome'] },
    help: 'Repair attempts by action and outcome; `planned` is a dry run.',
    read: ({ status }) =>
      status.actions.map(({ action, outcome, count }) => ({
        labels: { action: labelValue(action), outcome },
        value: count,
      })),
  },
  {
    ...{ type: 'counter', name: 'healing_blocked_total', labels: ['reason'] },
    help: 'Repairs blocked by a gate, by its name.',
    read: ({ status }) =>
      BLOCK_REASONS.map((reason) => ({ labels: { reason }, value: status.blocked[reason] })),
  },
  {
    ...{ type: 'gauge', name: 'healing_issue_active', labels: ['component', 'type'] },
    help: 'Whether an issue is open: 1 or 0. The type is its category: resource, service or system.',
    read: ({ components }) =>
      [...components].map(([component, { issue, type = '' }]) => ({
        labels: { component, type },
        value: Number(issue),
      })),
  },
  byComponent(
    'healing_breaker_state',
    'State of the circuit breaker: 0 closed, 1 half-open, 2 open.',
    ({ breaker }) => BREAKER[breaker],
  ),
  byComponent(
    'healing_needs_human',
    'Whether repairs are stopped until someone investigates: 1 or 0.',
    ({ needsHuman }) => needsHuman,
  ),
  byComponent(
    'healing_reading_unknown',
    'Whether the last check had no reading: 1 or 0; no series before the component was checked.',
    ({ status }) => (status === undefined ? undefined : status === 'unknown'),
  ),
  gauge(
    'healing_components_hidden',
    'Components without series, because the limit of label values is reached.',
    ({ hidden }) => hidden,
  ),
  {
    ...{ type: 'counter', name: 'healing_cycles_total', labels: ['outcome'] },
    help: 'Checks of the host, by outcome.',
    read: ({ status: { cycles } }) => [
      { labels: { outcome: 'done' }, value: cycles.done },
      { labels: { outcome: 'failed' }, value: cycles.failed },
    ],
  },
  gauge(
    'healing_monitoring',
    'Whether monitoring is running: 1 or 0.',
    ({ status }) => status.monitoring !== undefined,
  ),
  gauge(
    'healing_monitoring_interval_seconds',
    'Interval between checks; 0 while monitoring is not running.',
    ({ status }) => (status.monitoring?.intervalMs ?? 0) / 1_000,
  ),
  gauge('healing_enabled', 'Whether repairs are enabled: 1 or 0.', ({ status }) => status.healingEnabled),
  gauge('healing_dry_run', 'Whether repairs are only planned: 1 or 0.', ({ status }) => status.dryRun),
  gauge('healing_paused', 'Whether repairs are paused: 1 or 0.', ({ status }) => status.pauses.length > 0),
  gauge(
    'healing_locked',
    'Whether another engine holds the state, so that this one only observes: 1 or 0.',
    ({ status }) => status.lockedBy !== undefined,
  ),
  gauge(
    'healing_storm',
    'Whether repairs are on hold because many services failed at once: 1 or 0.',
    ({ status }) => status.storm !== undefined,
  ),
  gauge(
    'healing_approvals_waiting',
    'Pending requests for approval.',
    ({ status }) => status.approvals.length,
  ),
  ...BUILT_IN_COMPONENTS.flatMap(({ check, kind, of, metric }) =>
    metric === undefined
      ? []
      : of === 'mount'
        ? byMount(metric.name, metric.help, kind)
        : reading(metric.name, metric.help, check),
  ),
  byCheck('healing_check_value', 'Last value of a check, in its own unit.', 'value'),
  byCheck('healing_check_threshold', 'Threshold of that value.', 'threshold'),
];
