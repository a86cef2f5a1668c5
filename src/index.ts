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
 * @packageDocumentation
 */
export { createSelfHealingEngine, quickHeal } from './create.js';
export { SelfHealingEngine, SimplifiedHealingEngine, type CallOptions } from './engine.js';
export type { EngineParts } from './engine-parts.js';
export type { HealingOptions } from './options.js';
export type { MonitoringOptions } from './heal/interval.js';
export type { Explanation, Tried } from './heal/explain.js';
export type { Approve } from './repair/approval.js';
export type { ActionCount } from './heal/chronicle.js';
export type { ActDone, Budget, ComponentStatus, EngineStatus, WaitingApproval } from './heal/status.js';
export type { Distribution, Timing } from './heal/stopwatch.js';
export type { Metrics, TypeCounts } from './heal/tally.js';
export type { Address } from './observe/http/address.js';
export type { Handler } from './observe/http/http-server.js';
export { MetricsServer, type MetricsServerOptions } from './observe/metrics-server.js';
export type { MetricsAdapter, ObservedEngine } from './observe/metrics.js';
export type { CycleReport, EngineEvents, EventName, Listener } from './events.js';

export {
  IssueType,
  Severity,
  type ComponentVerdict,
  type Heals,
  type Issue,
  type IssueInput,
  type Verdict,
} from './issue.js';
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
} from './plan.js';
export type {
  Attempt,
  FixedResult,
  HealingResult,
  Outcome,
  PlannedResult,
  ResultBase,
  SkippedResult,
  UnsuccessfulResult,
} from './result.js';
export { isSelfHealingError, SelfHealingError, type ErrorCode } from './errors.js';

export {
  SimpleDetector,
  type Detector,
  type DetectorOptions,
  type InspectRequest,
  type Looked,
} from './detect/detector.js';
export type { Glance } from './detect/glance.js';
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
export type { ApprovalRequest } from './guard/approvals.js';
export { fileStore } from './guard/file-store.js';
export { memoryStore, type Store } from './guard/store.js';
export type {
  Act,
  Approval,
  Backoff,
  ComponentRecord,
  GuardState,
  Intent,
  Storm,
  Undo,
} from './guard/state.js';
export type {
  GenerationChange,
  GenerationHistory,
  Generations,
  SystemRecord,
  UnitRecord,
} from './guard/generations.js';
export type { CommandOptions, OperatorCommand } from './guard/commands.js';
export { PROTECTED_UNITS } from './guard/protected.js';
export { GATE_MEANINGS, type GateMeaning } from './guard/meaning.js';
export type { NixOptions, NixSettings } from './nix-options.js';
export { DEFAULT_GUARDS, type GuardOptions, type Guards } from './guard/guards.js';

export type { Capability, ExecuteOptions, Execution, Executor, StepReport } from './execute/executor.js';
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
export { isUnknown, unknown, type Reading, type Unknown } from './host/reading.js';
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
} from './host/snapshot.js';
export type { GenerationReading, NixActivity, NixosReading, SystemIdentity } from './host/nixos-reading.js';
export type { UnitCause } from './host/unit-circumstances.js';
export type { UnitReading } from './host/unit.js';
export type { UnitRelations } from './host/unit-relations.js';
export type { AffectedUnit, Effects, StartedUnit, TouchedUnit } from './effects.js';
export { realClock, type Clock } from './clock.js';
export { silentLogger, type Logger } from './logger.js';
