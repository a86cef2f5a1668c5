/**
 * Keeps the host that a Node program runs on healthy: detects trouble, chooses a repair, does it with the least
 * privilege, and proves that the trouble is gone.
 *
 * ```js
 * import { quickHeal } from '@luminous-nix/self-healing';
 *
 * for (const result of await quickHeal()) {
 *   console.log(result.issue.description, '→', result.actionTaken, result.error ?? 'nothing stands in the way');
 * }
 * ```
 *
 * @module \@luminous-nix/self-healing
 */
export { createSelfHealingEngine, quickHeal } from './engine/create.js';
export { SimplifiedHealingEngine, SelfHealingEngine, type CallOptions } from './engine/engine.js';
export type { EngineParts } from './engine/engine-parts.js';
export type { HealingOptions } from './engine/options.js';
export type { MonitoringOptions } from './engine/interval.js';
export type { Explanation, Tried } from './report/explain.js';
export type { Approve } from './repair/approval.js';
export type { ActionCount } from './report/recent.js';
export type { ActDone, Budget, ComponentStatus, EngineStatus, WaitingApproval } from './report/status.js';
export type { Distribution, Timing } from './report/stopwatch.js';
export type { Metrics, TypeCounts } from './report/counts.js';
export type { Address } from './observe/http/address.js';
export type { Handler } from './observe/http/http-server.js';
export { MetricsServer, type MetricsServerOptions } from './observe/metrics-server.js';
export type { MetricsAdapter, ObservedEngine } from './report/observer.js';
export type { CycleReport, EngineEvents, EventName, Listener } from './report/events.js';

export {
  IssueType,
  Severity,
  type ComponentVerdict,
  type Heals,
  type Issue,
  type IssueInput,
  type Verdict,
} from './model/issue.js';
export {
  BLOCK_REASONS,
  type Block,
  type BlockReason,
  type BuiltInAction,
  type CallStep,
  type CommandStep,
  type HealingAction,
  type Plan,
  type PlannedGeneration,
  type PlainTarget,
  type Step,
  type Target,
  type UnitTarget,
  type UnreadableTarget,
  type WriteStep,
} from './model/plan.js';
export type {
  Attempt,
  FixedResult,
  HealingResult,
  Outcome,
  PlannedResult,
  ResultBase,
  SkippedResult,
  UnsuccessfulResult,
} from './model/result.js';
export { isSelfHealingError, SelfHealingError, type ErrorCode } from './base/errors.js';

export {
  SimpleDetector,
  type Detector,
  type DetectorOptions,
  type InspectRequest,
  type Looked,
} from './detect/detector.js';
export type { Glance } from './detect/fast-path.js';
export type { Check, HealFunction, HealingChoice } from './detect/check.js';
export type { Healer } from './detect/healer.js';
export type { MountLevel, MountOptions } from './detect/mount-rules.js';
export type { Thresholds, ThresholdValues } from './detect/thresholds.js';
export type { WatchedUnit } from './detect/services.js';
export type { ServiceOption } from './detect/watched.js';
export { SimpleResolver, type Resolver } from './resolve/resolver.js';
export {
  defineAction,
  verifyByCheck,
  type ActionDefinition,
  type CapabilityContext,
  type PlanContext,
  type PlanDraft,
  type UndoContext,
  type Verification,
  type VerifyContext,
} from './actions/define.js';
export type { ApprovalRequest } from './memory/approvals.js';
export { fileStore } from './memory/file-store.js';
export { memoryStore, type Store } from './memory/store.js';
export type {
  Act,
  Approval,
  Backoff,
  ComponentRecord,
  GuardState,
  Intent,
  Storm,
  Undo,
} from './memory/state.js';
export type {
  GenerationChange,
  GenerationHistory,
  Generations,
  SystemRecord,
  UnitRecord,
} from './memory/generations.js';
export type { CommandOptions, OperatorCommand } from './model/operator-command.js';
export { PROTECTED_UNITS } from './gates/protected-units.js';
export { GATE_MEANINGS, type GateMeaning } from './model/gate-texts.js';
export type { NixOptions, NixSettings } from './model/nix-options.js';
export { DEFAULT_GUARDS, type GuardOptions, type Guards } from './model/guards.js';

export type { Capability, ExecuteOptions, Executor } from './execute/executor.js';
export type { Execution, StepReport } from './model/execution.js';
export {
  executeHealingAction,
  getPermissionStatus,
  NixOSPermissionHandler,
  type PermissionHandlerOptions,
} from './execute/permission-handler.js';
export type { PermissionStatus } from './execute/permission-status.js';
export type { Tier } from './execute/tier.js';

export { SimpleDashboard } from './observe/dashboard/simple-dashboard.js';
export type { DashboardOptions } from './observe/dashboard/options.js';

export type { Host, HostListener, ReadRequest } from './host/host.js';
export { isUnknown, unknown, type Reading, type Unknown } from './model/reading.js';
export type {
  CpuReading,
  GaugePart,
  Gauges,
  LiveGauges,
  LoadReading,
  MemoryReading,
  MountReading,
  PressureReading,
  Snapshot,
  SnapshotPart,
  SystemReading,
  UnitsReading,
  UsageReading,
  WriteReading,
} from './model/snapshot.js';
export type { GenerationReading, NixActivity, NixosReading, SystemIdentity } from './model/nixos-reading.js';
export type { UnitCause } from './model/unit-circumstances.js';
export type { UnitReading } from './model/unit.js';
export type { UnitRelations } from './model/unit-relations.js';
export type { AffectedUnit, Effects, StartedUnit, TouchedUnit } from './model/effects.js';
export { realClock, type Clock } from './base/clock.js';
export { silentLogger, type Logger } from './base/logger.js';
