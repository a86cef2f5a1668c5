/**
 * Keeps the host that a Node program runs on healthy: detects problems, chooses a repair, runs it with the least
 * privilege, and proves that the problem is gone.
 *
 * ```js
 * import { quickHeal } from '@luminous-nix/self-healing';
 *
 * for (const result of await quickHeal()) {
 *   console.log(result.issue.description, '→', result.actionTaken, result.error ?? 'can be repaired');
 * }
 * ```
 *
 * @module \@luminous-nix/self-healing
 */
// The engine
export { createSelfHealingEngine, quickHeal } from './engine/create.js';
export { SimplifiedHealingEngine, SelfHealingEngine, type CallOptions } from './engine/engine.js';
export type { HealingOptions } from './engine/options.js';
export type { Explanation } from './report/explain.js';
export type { EngineStatus } from './report/status.js';
export type { Metrics } from './report/counts.js';
export type { MetricsAdapter } from './report/observer.js';
export type { CycleReport, EngineEvents } from './report/events.js';

// Issues, actions, plans and results
export {
  IssueType,
  Severity,
  type ComponentVerdict,
  type Issue,
  type IssueInput,
  type Verdict,
} from './model/issue.js';
export {
  BLOCK_REASONS,
  type Block,
  type BlockReason,
  type HealingAction,
  type Plan,
  type Step,
} from './model/plan.js';
export type { HealingResult, Outcome } from './model/result.js';
export { GATE_MEANINGS } from './model/gate-texts.js';
export type { Execution } from './model/execution.js';

// Detecting and choosing
export { SimpleDetector, type Detector, type DetectorOptions } from './detect/detector.js';
export type { Check } from './detect/check.js';
export type { MountOptions } from './detect/mount-rules.js';
export type { Thresholds } from './detect/thresholds.js';
export type { ServiceOption } from './detect/watched.js';
export { SimpleResolver, type Resolver } from './resolve/resolver.js';

// Acting
export type { Approve } from './repair/ports.js';
export { defineAction, verifyByCheck, type ActionDefinition } from './actions/define.js';
export type { ApprovalRequest } from './memory/approvals.js';
export { fileStore } from './memory/file-store.js';
export { memoryStore, type Store } from './memory/store.js';
export { PROTECTED_UNITS } from './gates/protected-units.js';
export type { Capability, Executor } from './execute/executor.js';
export {
  executeHealingAction,
  getPermissionStatus,
  NixOSPermissionHandler,
} from './execute/permission-handler.js';
export type { PermissionStatus } from './execute/permission-status.js';

// Observing
export { MetricsServer, type MetricsServerOptions } from './observe/metrics-server.js';
export { SimpleDashboard } from './observe/dashboard/simple-dashboard.js';
export type { DashboardOptions } from './observe/dashboard/options.js';

// The host, options and ports
export { isSelfHealingError, SelfHealingError } from './base/errors.js';
export type { NixOptions } from './model/nix-options.js';
export { DEFAULT_GUARDS, type GuardOptions } from './model/guards.js';
export type { Host } from './host/host.js';
export { isUnknown, unknown, type Reading } from './model/reading.js';
export type { Snapshot } from './model/snapshot.js';
export { realClock, type Clock } from './base/clock.js';
export { silentLogger, type Logger } from './base/logger.js';
