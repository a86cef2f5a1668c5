/**
 * Fakes for tests without a host, and conformance tests for each port, as plain data for any test runner.
 *
 * ```js
 * import { test } from 'node:test';
 * import { fakeHost, hostConformance } from '@luminous-nix/self-healing/testing';
 *
 * for (const { name, run } of hostConformance(() => fakeHost())) test(name, run);
 * ```
 *
 * It also has the types that only the author of an adapter writes: parts of snapshots, states, plans and results.
 *
 * @module \@luminous-nix/self-healing/testing
 */
export { fakeClock, type FakeClock, type FakeClockOptions } from './fake-clock.js';
export { fakeExecutor, type FakeExecutor, type FakeExecutorOptions } from './fake-executor.js';
export { fakeHost, type FakeHost, type FakeHostOptions, type FakeHostParts } from './fake-host.js';
export { recordingLogger, type LogLine, type RecordingLogger } from './recording-logger.js';
export { healScenario, type Scenario, type ScenarioResult } from './scenario.js';
export { nixosReading, systemIdentity } from './nixos-reading.js';
export { healthySnapshot, memoryReading, mountReading, systemReading, unknownSnapshot } from './snapshot.js';
export { failedUnit, unitReading, unitRelations, unknownUnit } from './unit-reading.js';

export type { ConformanceCase, Make } from './conformance.js';
export { actionConformance, type ActionConformanceOptions } from './action-conformance.js';
export { checkConformance, type CheckConformanceOptions } from './check-conformance.js';
export { clockConformance, type ClockConformanceOptions } from './clock-conformance.js';
export { detectorConformance } from './detector-conformance.js';
export { executorConformance, type ExecutorConformanceOptions } from './executor-conformance.js';
export { hostConformance } from './host-conformance.js';
export { loggerConformance } from './logger-conformance.js';
export { resolverConformance, type ResolverConformanceOptions } from './resolver-conformance.js';
export { storeConformance, type StoreConformanceOptions } from './store-conformance.js';

// Types for authors of adapters
export type { MonitoringOptions } from '../engine/accept.js';
export type { Tried } from '../report/explain.js';
export type { ActionCount } from '../report/recent.js';
export type { ActDone, Budget, ComponentStatus, WaitingApproval } from '../report/status.js';
export type { Distribution, Timing, TypeCounts } from '../report/counts.js';
export type { Address } from '../observe/http/address.js';
export type { Handler } from '../observe/http/http-server.js';
export type { ObservedEngine } from '../report/observer.js';
export type { EventName, Listener } from '../report/events.js';
export type { Heals } from '../model/issue.js';
export type {
  BuiltInAction,
  CallStep,
  CommandStep,
  PlannedGeneration,
  PlainTarget,
  Target,
  UnitTarget,
  UnreadableTarget,
  WriteStep,
} from '../model/plan.js';
export type {
  Attempt,
  FixedResult,
  PlannedResult,
  ResultBase,
  SkippedResult,
  UnsuccessfulResult,
} from '../model/result.js';
export type { ErrorCode } from '../base/errors.js';
export type { InspectRequest, Looked } from '../detect/detector.js';
export type { Glance } from '../detect/fast-path.js';
export type { HealFunction, HealingChoice } from '../detect/check.js';
export type { Healer } from '../detect/healer.js';
export type { MountLevel } from '../detect/mount-rules.js';
export type { ThresholdValues } from '../detect/thresholds.js';
export type { WatchedUnit } from '../detect/services.js';
export type {
  CapabilityContext,
  PlanContext,
  PlanDraft,
  UndoContext,
  Verification,
  VerifyContext,
} from '../actions/define.js';
export type {
  Act,
  Approval,
  Backoff,
  ComponentRecord,
  GuardState,
  Intent,
  Storm,
  Undo,
} from '../memory/state.js';
export type {
  GenerationChange,
  GenerationHistory,
  Generations,
  SystemRecord,
  UnitRecord,
} from '../memory/generations.js';
export type { CommandOptions, OperatorCommand } from '../model/operator-command.js';
export type { GateMeaning } from '../model/gate-texts.js';
export type { NixSettings } from '../model/nix-options.js';
export type { Guards } from '../model/guards.js';
export type { ExecuteOptions } from '../execute/executor.js';
export type { StepReport } from '../model/execution.js';
export type { PermissionHandlerOptions } from '../execute/permission-handler.js';
export type { Tier } from '../host/tier.js';
export type { HostListener, ReadRequest } from '../host/host.js';
export type { Unknown } from '../model/reading.js';
export type {
  CpuReading,
  GaugePart,
  Gauges,
  LiveGauges,
  RecentReading,
  LoadReading,
  MemoryReading,
  MountReading,
  PressureReading,
  SnapshotPart,
  SystemReading,
  UnitsReading,
  UsageReading,
  WriteReading,
} from '../model/snapshot.js';
export type {
  ControlsReading,
  CpuPolicies,
  CpuPolicy,
  NixControls,
  UnreadablePolicy,
} from '../model/controls-reading.js';
export type { GenerationReading, NixActivity, NixosReading, SystemIdentity } from '../model/nixos-reading.js';
export type { UnitCause } from '../model/unit-circumstances.js';
export type { UnitReading } from '../model/unit.js';
export type { UnitRelations } from '../model/unit-relations.js';
export type { AffectedUnit, Effects, StartedUnit, TouchedUnit } from '../model/effects.js';
