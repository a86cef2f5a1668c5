import * as library from '@luminous-nix/self-healing';
import type * as ports from '@luminous-nix/self-healing/testing';
import { BUILT_IN_NAMES } from '../../src/actions/registry.js';
import { FAMILIES } from '../../src/observe/families.js';

/** Equivalent of a name of the Python system: a value of any kind, or `NONE`. */
type Counterpart = () => unknown;

/** Marks a name without an equivalent. */
export const NONE: Counterpart = () => undefined;

const { SimplifiedHealingEngine, SimpleDetector, SimpleResolver, NixOSPermissionHandler } = library;
const { MetricsServer, SimpleDashboard } = library;

/** A type does not exist at run time: the compiler rejects this file if one is missing. */
const typed = <Type>(key: keyof Type): Counterpart => {
  return () => key;
};
const metrics = (key: keyof library.Metrics): Counterpart => {
  const read = new SimplifiedHealingEngine().getMetrics();
  return () => key in read || undefined;
};
const action = (name: string): [string, Counterpart] => [
  name,
  () => (BUILT_IN_NAMES as readonly string[]).find((one) => one === name),
];
const family = (name: string): [string, Counterpart] => [
  name,
  () => FAMILIES.find((one) => one.name === name),
];

/**
 * Every public name of the Python system: what its package exports, the members of those classes, and what its
 * documentation names.
 */
export const PYTHON_NAMES: ReadonlyMap<string, Counterpart> = new Map<string, Counterpart>([
  // Exports of the package.
  ['create_self_healing_engine', () => library.createSelfHealingEngine],
  ['quick_heal', () => library.quickHeal],
  ['execute_healing_action', () => library.executeHealingAction],
  ['get_permission_status', () => library.getPermissionStatus],
  ['run_metrics_server', () => MetricsServer],
  ['SimplifiedHealingEngine', () => SimplifiedHealingEngine],
  ['SelfHealingEngine', () => library.SelfHealingEngine],
  ['SimpleDetector', () => SimpleDetector],
  ['SimpleResolver', () => SimpleResolver],
  ['Issue', typed<library.Issue>('component')],
  ['IssueType', () => library.IssueType],
  ['Severity', () => library.Severity],
  ['HealingResult', typed<library.HealingResult>('outcome')],
  ['NixOSPermissionHandler', () => NixOSPermissionHandler],
  ['ExecutionMode', typed<Record<ports.Tier, true>>('service')],
  ['ExecutionResult', typed<library.Execution>('outcome')],
  ['MetricsDashboard', () => SimpleDashboard],
  ['SimpleDashboard', () => SimpleDashboard],
  ['MetricsServer', () => MetricsServer],
  // The engine.
  ...['detector', 'resolver', 'executor'].map((name) => engineMember(name)),
  engineMember('healing_enabled', 'healingEnabled'),
  engineMember('dry_run', 'dryRun'),
  engineMember('verbose'),
  engineMember('metrics', 'getMetrics'),
  engineMember('detect_and_heal', 'detectAndHeal'),
  engineMember('heal_issue', 'healIssue'),
  engineMember('heal_issues_batch', 'healIssuesBatch'),
  engineMember('start_monitoring', 'startMonitoring'),
  engineMember('get_metrics', 'getMetrics'),
  ['issues_detected', metrics('issuesDetected')],
  ['issues_resolved', metrics('issuesResolved')],
  ['last_check', metrics('lastCheck')],
  ['success_rate', metrics('successRate')],
  ['set_threshold', threshold('cpuPercent')],
  ...['get_friction_metrics', 'friction_monitor', 'enter_flow_state', 'exit_flow_state'].map(none),
  ...['notifications', 'get_notification_status', 'flush_notifications'].map(none),
  // Detector, resolver, executor.
  ['detector.thresholds', threshold('cpuPercent')],
  ['cpu_percent', threshold('cpuPercent')],
  ['memory_percent', threshold('memoryPercent')],
  ['disk_percent', threshold('diskPercent')],
  ['load_average', () => 'loadAverage' in new SimpleDetector().thresholds || undefined],
  ['enabled_checks', () => new SimpleDetector().enabledChecks],
  ['detect_issues', () => SimpleDetector.prototype.detectIssues],
  ['monitor', typed<library.HealingOptions>('host')],
  ['get_action', () => SimpleResolver.prototype.getAction],
  ['execute', () => NixOSPermissionHandler.prototype.execute],
  ['get_status', () => NixOSPermissionHandler.prototype.getStatus],
  ['handler.mode', typed<library.PermissionStatus>('tier')],
  none('handler.executor'),
  ['ExecutionMode.SERVICE', typed<Record<ports.Tier, true>>('service')],
  ['ExecutionMode.DEVELOPMENT', typed<Record<ports.Tier, true>>('development')],
  ['result.output', typed<ports.StepReport>('output')],
  none('result.mode'),
  none('result.suggestion'),
  ['LUMINOUS_DEV_MODE', typed<Record<ports.Tier, true>>('development')],
  none('LUMINOUS_NO_SERVICE'),
  // Data types.
  ...Object.entries(library.IssueType).map(([name, value]) => [`IssueType.${name}`, () => value] as const),
  ...Object.entries(library.Severity).map(([name, value]) => [`Severity.${name}`, () => value] as const),
  ...(['type', 'severity', 'description', 'component', 'threshold', 'timestamp'] as const).map(
    (name) => [`issue.${name}`, typed<library.Issue>(name)] as const,
  ),
  ['issue.metric_value', typed<library.Issue>('metricValue')],
  ...(['issue', 'success', 'error', 'timestamp'] as const).map(
    (name) => [`result.${name}`, typed<library.HealingResult>(name)] as const,
  ),
  ['result.action_taken', typed<library.HealingResult>('actionTaken')],
  ['result.duration_ms', typed<library.HealingResult>('durationMs')],
  // Actions.
  action('clean_nix_store'),
  action('clear_system_cache'),
  action('set_cpu_governor'),
  action('restart_service'),
  action('reload_service'),
  action('rollback_generation'),
  action('rebuild_system'),
  ['older_than_days', typed<library.NixOptions>('deleteOlderThan')],
  ...['kill_process', 'adjust_swappiness', 'restart_network'].map(none),
  // Servers and the service.
  ['metrics_server.start', () => MetricsServer.prototype.start],
  ['metrics_server.stop', () => MetricsServer.prototype.stop],
  ...['handle_metrics', 'handle_health', 'handle_index'].map(
    (name) => [name, () => MetricsServer.prototype.handler] as const,
  ),
  family('healing_issues_detected'),
  family('healing_issues_resolved'),
  family('healing_issues_failed'),
  family('healing_last_check'),
  family('healing_success_rate'),
  family('healing_detection_time_ms'),
  family('healing_resolution_time_ms'),
  ['dashboard.start', () => SimpleDashboard.prototype.start],
  ['dashboard.run', () => SimpleDashboard.prototype.start],
]);

function engineMember(python: string, here: string = python): [string, Counterpart] {
  return [`.${python}`, () => here in new SimplifiedHealingEngine() || undefined];
}

function threshold(key: 'cpuPercent' | 'memoryPercent' | 'diskPercent'): Counterpart {
  return () => new SimpleDetector().thresholds[key];
}

function none(name: string): [string, Counterpart] {
  return [name, NONE];
}
