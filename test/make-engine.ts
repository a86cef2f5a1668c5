import { SimplifiedHealingEngine } from '../src/engine/engine.js';
import type { EngineEvents, EventName } from '../src/report/events.js';
import { NixOSPermissionHandler } from '../src/execute/permission-handler.js';
import type { HealingOptions } from '../src/engine/options.js';
import {
  fakeClock,
  fakeExecutor,
  fakeHost,
  recordingLogger,
  type FakeClock,
  type FakeExecutor,
  type FakeExecutorOptions,
  type FakeHost,
  type FakeHostParts,
  type RecordingLogger,
} from '../src/testing/index.js';

const EVENTS: readonly EventName[] = [
  'cycle:done',
  'cycle:failed',
  'issue:opened',
  'issue:cleared',
  'issue:gone',
  'heal:planned',
  'heal:started',
  'heal:done',
  'heal:blocked',
];

/** Engine on a fake host, with a fake clock and an executor that changes nothing. */
export interface Bench {
  readonly engine: SimplifiedHealingEngine;
  readonly host: FakeHost;
  readonly clock: FakeClock;
  readonly executor: FakeExecutor;
  readonly logger: RecordingLogger;
  /** Every emitted event, in order, with its payload. */
  readonly told: string[];
  /** Returns the events of one name. */
  readonly events: <Name extends EventName>(name: Name) => EngineEvents[Name][];
  /** Waits for a promise that sleeps on the fake clock. */
  readonly done: <T>(work: Promise<T>) => Promise<T>;
}

/** Further options of a {@link Bench}. */
export interface BenchOptions extends Omit<HealingOptions, 'host' | 'clock'> {
  readonly fake?: FakeExecutorOptions;
}

/** Creates a bench with an engine. */
export function benchOf(parts: FakeHostParts = {}, { fake = {}, ...options }: BenchOptions = {}): Bench {
  const clock = fakeClock();
  const host = fakeHost(parts, { clock });
  const executor = fakeExecutor(fake);
  const logger = recordingLogger();
  // `executor: undefined` means the default one, for which the fake host is the machine that it acts on.
  const { services, protect, actions } = options;
  const local = () =>
    new NixOSPermissionHandler({
      ...{ host, services, protect, actions, logger, readsThisMachine: true },
      healer: (check) => engine.detector.healer(check),
    });
  const chosen = 'executor' in options ? (options.executor ?? local()) : executor;
  const engine: SimplifiedHealingEngine = new SimplifiedHealingEngine({
    ...{ logger, ...options, host, clock },
    executor: chosen,
  });
  const told: string[] = [];
  const kept = new Map<EventName, unknown[]>();
  for (const name of EVENTS) {
    engine.on(name, (event) => {
      const issue = 'issue' in event ? event.issue : 'result' in event ? event.result.issue : undefined;
      told.push(issue ? `${name} ${issue.component}` : name);
      kept.set(name, [...(kept.get(name) ?? []), event]);
    });
  }
  return {
    engine,
    host,
    clock,
    executor,
    logger,
    told,
    events: <Name extends EventName>(name: Name) => (kept.get(name) ?? []) as EngineEvents[Name][],
    done: (work) => whenDone(work, clock),
  };
}

/** Advances a fake clock, only while somebody sleeps on it, until a promise has settled. */
export async function whenDone<T>(work: Promise<T>, clock: FakeClock): Promise<T> {
  let pending = true;
  const watched = work.finally(() => (pending = false));
  watched.catch(() => undefined);
  const start = performance.now();
  while (pending) {
    if (performance.now() - start > 4_000) throw new Error('It did not end');
    await clock.advance(clock.sleepers > 0 ? 1_000 : 0);
  }
  return watched;
}
