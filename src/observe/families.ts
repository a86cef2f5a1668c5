import { isBuiltInCheck } from '../detect/check.js';
import type { Distribution } from '../heal/stopwatch.js';
import type { ComponentVerdict } from '../issue.js';
import { BLOCK_REASONS } from '../plan.js';
import { labelValue, type Sight } from './sight.js';

/** One number of a metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** What a histogram adds to its name. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** One metric: what it is called, what it means, and how it is read. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (sight: Sight) => readonly Sample[];
}

type One = (sight: Sight) => number | boolean;

const single = (type: Family['type'], name: string, help: string, one: One): Family => ({
  ...{ type, name, help, labels: [] },
  read: (sight) => [{ value: Number(one(sight)) }],
});
const counter = (name: string, help: string, one: One): Family => single('counter', name, help, one);
const gauge = (name: string, help: string, one: One): Family => single('gauge', name, help, one);

/** A gauge with one number for each component. */
const byComponent = (
  name: string,
  help: string,
  one: (component: Parameters<Parameters<Sight['components']['forEach']>[0]>[0]) => number | boolean,
): Family => ({
  ...{ type: 'gauge', name, help, labels: ['component'] },
  read: ({ components }) =>
    [...components].map(([component, status]) => ({ labels: { component }, value: Number(one(status)) })),
});

const histogram = (name: string, help: string, of: (sight: Sight) => Distribution): Family => ({
  ...{ type: 'histogram', name, help, labels: [] },
  read: (sight) => samplesOf(of(sight)),
});

/** A number of a check of the host; NaN where it is not known, which is what Prometheus calls it. */
const reading = (name: string, help: string, check: string): Family =>
  gauge(
    name,
    help,
    ({ status }) => status.verdicts.find((verdict) => verdict.check === check)?.value ?? Number.NaN,
  );

/** A number for each file system. */
const byMount = (name: string, help: string, prefix: 'disk:' | 'inodes:'): Family => ({
  ...{ type: 'gauge', name, help, labels: ['mount'] },
  read: ({ status, components }) => {
    const mounts = new Map<string, Sample>();
    for (const { check, component, value } of status.verdicts) {
      if (check !== 'disk' || !component.startsWith(prefix) || !components.has(labelValue(component)))
        continue;
      const mount = labelValue(component.slice(prefix.length));
      mounts.set(mount, { labels: { mount }, value: value ?? Number.NaN });
    }
    return [...mounts.values()];
  },
});

/** A number of each check that a program or the daemon's file added. */
const byCheck = (
  name: string,
  help: string,
  of: (verdict: ComponentVerdict) => number | undefined,
): Family => ({
  ...{ type: 'gauge', name, help, labels: ['check'] },
  read: ({ status, components }) => {
    const checks = new Map<string, Sample>();
    for (const verdict of status.verdicts) {
      const value = of(verdict);
      if (value === undefined || isBuiltInCheck(verdict.check)) continue;
      if (!components.has(labelValue(verdict.component))) continue;
      const check = labelValue(verdict.check);
      checks.set(check, { labels: { check }, value });
    }
    return [...checks.values()];
  },
});

const BREAKER = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Every metric, in the order in which they are shown. */
export const FAMILIES: readonly Family[] = [
  counter('healing_issues_detected', 'Issues that opened.', ({ metrics }) => metrics.issuesDetected),
  counter(
    'healing_issues_resolved',
    'Issues that a repair fixed, as read again after it.',
    ({ metrics }) => metrics.issuesResolved,
  ),
  counter(
    'healing_issues_failed',
    'Repairs that failed or did not help.',
    ({ metrics }) => metrics.issuesFailed,
  ),
  gauge(
    'healing_last_check',
    'When the host was last looked at, in seconds since the epoch; 0 before the first time.',
    ({ metrics }) => (metrics.lastCheck?.getTime() ?? 0) / 1_000,
  ),
  gauge(
    'healing_success_rate',
    'Resolved out of resolved and failed, in percent; 100 before the first repair.',
    ({ metrics }) => 100 * metrics.successRate,
  ),
  histogram(
    'healing_detection_time_ms',
    'How long one look at the host takes, in milliseconds.',
    ({ status }) => status.times.detection,
  ),
  histogram(
    'healing_resolution_time_ms',
    'How long a repair takes, its proof included, in milliseconds.',
    ({ status }) => status.times.resolution,
  ),
  counter(
    'healing_issues_relapsed',
    'Repairs that were fixed, and whose issue came back soon after.',
    ({ metrics }) => metrics.issuesRelapsed,
  ),
  {
    ...{ type: 'counter', name: 'healing_actions_total', labels: ['action', 'outcome'] },
    help: 'Attempts by action and by how they ended; `planned` is a dry run.',
    read: ({ status }) =>
      status.actions.map(({ action, outcome, count }) => ({
        labels: { action: labelValue(action), outcome },
        value: count,
      })),
  },
  {
    ...{ type: 'counter', name: 'healing_blocked_total', labels: ['reason'] },
    help: 'How often a gate stood in the way when an issue had its turn.',
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
    'The breaker: 0 closed, 1 half-open, 2 open.',
    ({ breaker }) => BREAKER[breaker],
  ),
  byComponent(
    'healing_needs_human',
    'Whether repairs have been given up until a person has looked: 1 or 0.',
    ({ needsHuman }) => needsHuman,
  ),
  byComponent(
    'healing_reading_unknown',
    'Whether the last look could not tell how it stands: 1 or 0.',
    ({ status }) => status === 'unknown',
  ),
  gauge(
    'healing_components_hidden',
    'Components that are left out because there are too many for labels.',
    ({ hidden }) => hidden,
  ),
  {
    ...{ type: 'counter', name: 'healing_cycles_total', labels: ['outcome'] },
    help: 'Looks at the host, by whether they went well.',
    read: ({ status: { cycles } }) => [
      { labels: { outcome: 'done' }, value: cycles.done },
      { labels: { outcome: 'failed' }, value: cycles.failed },
    ],
  },
  gauge(
    'healing_monitoring',
    'Whether the engine looks again and again: 1 or 0.',
    ({ status }) => status.monitoring !== undefined,
  ),
  gauge(
    'healing_monitoring_interval_seconds',
    'Time from one look to the next; 0 while it does not monitor.',
    ({ status }) => (status.monitoring?.intervalMs ?? 0) / 1_000,
  ),
  gauge(
    'healing_enabled',
    'Whether anything is healed at all: 1 or 0.',
    ({ status }) => status.healingEnabled,
  ),
  gauge(
    'healing_dry_run',
    'Whether everything is planned and nothing done: 1 or 0.',
    ({ status }) => status.dryRun,
  ),
  gauge(
    'healing_paused',
    'Whether somebody has paused all repairs: 1 or 0.',
    ({ status }) => status.pauses.length > 0,
  ),
  gauge(
    'healing_locked',
    'Whether another engine holds the state, so that this one only observes: 1 or 0.',
    ({ status }) => status.lockedBy !== undefined,
  ),
  gauge(
    'healing_storm',
    'Whether many services turned bad at once, so that nothing is repaired: 1 or 0.',
    ({ status }) => status.storm !== undefined,
  ),
  gauge(
    'healing_approvals_waiting',
    'Plans that wait for a person.',
    ({ status }) => status.approvals.length,
  ),
  reading('healing_host_cpu_percent', 'CPU use of the host.', 'cpu'),
  reading(
    'healing_host_memory_percent',
    'Memory use of the host, or of the control group of the engine.',
    'memory',
  ),
  reading('healing_host_load1', 'Load average over one minute.', 'load'),
  byMount('healing_host_disk_percent', 'How full a file system is.', 'disk:'),
  byMount('healing_host_inodes_percent', 'How many of the inodes of a file system are used.', 'inodes:'),
  byCheck('healing_check_value', 'What a check measured last, in its own unit.', ({ value }) => value),
  byCheck('healing_check_threshold', 'What that is measured against.', ({ threshold }) => threshold),
];

/** A histogram as Prometheus wants it: each bucket counts the ones before it, too. */
function samplesOf({ bounds, counts, sum, count }: Distribution): Sample[] {
  let below = 0;
  const buckets = [...bounds.map(String), '+Inf'].map((le, index): Sample => {
    below += counts[index] ?? 0;
    return { suffix: '_bucket', labels: { le }, value: below };
  });
  return [...buckets, { suffix: '_sum', value: sum }, { suffix: '_count', value: count }];
}
