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
 * @packageDocumentation
 */
export { fakeClock, type FakeClock, type FakeClockOptions } from './fake-clock.js';
export { fakeExecutor, type FakeExecutor, type FakeExecutorOptions } from './fake-executor.js';
export { fakeHost, type FakeHost, type FakeHostOptions, type FakeHostParts } from './fake-host.js';
export { recordingLogger, type LogLine, type RecordingLogger } from './recording-logger.js';
export { nixosReading, systemIdentity } from './nixos-reading.js';
export { healthySnapshot, memoryReading, mountReading, systemReading, unknownSnapshot } from './snapshot.js';
export { unitRelations } from './unit-relations.js';
export { failedUnit, unitReading, unknownUnit } from './unit-reading.js';

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
