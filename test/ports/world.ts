import { defineAction, type ActionDefinition } from '../../src/actions/define.js';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import type { EventName } from '../../src/report/events.js';
import { memoryStore } from '../../src/memory/store.js';
import type { HealingOptions } from '../../src/engine/options.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import {
  fakeClock,
  fakeExecutor,
  fakeHost,
  failedUnit,
  recordingLogger,
  type FakeClock,
  type RecordingLogger,
} from '../../src/testing/index.js';

/** Wraps a callback of the given name. */
export type Wrap = <Work extends (...given: never[]) => unknown>(name: string, work: Work) => Work;

/** Engine with two issues, and everything that can be observed of it from outside. */
export interface World {
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  readonly options: HealingOptions;
  readonly listeners: Readonly<Partial<Record<EventName, () => void>>>;
  /** Returns whether the component unrelated to the fault is healed. */
  readonly isOtherHealed: () => boolean;
}

const SETTLE_MS = 2_000;

/** Two custom checks, repaired by the library's own executor inside this process. */
export function processWorld(wrap: Wrap, port: string): World {
  const clock = fakeClock();
  const logger = recordingLogger();
  const bad = new Set(['own', 'other']);
  const worse = new Set<string>();
  // Only a repair that made it worse is undone.
  const mends = (): void => void (port === 'action.undo' ? worse.add('own') : bad.delete('own'));
  const verdict = (name: string) =>
    bad.has(name)
      ? ({ status: 'bad', reason: `${name} is down`, severity: worse.has(name) ? 4 : 3 } as const)
      : ({ status: 'ok', reason: `${name} is well` } as const);
  const mend: ActionDefinition = {
    parse: wrap('action.parse', () => ({})),
    plan: wrap('action.plan', () => ({
      targets: ['check:own'],
      effect: 'It is mended',
      steps: [
        {
          kind: 'call' as const,
          name: 'mend',
          run: wrap('action.step', mends),
          timeoutMs: 1_000,
          interruptible: true,
        },
      ],
      ...(port === 'approve' ? { approval: 'a person shall know' } : {}),
    })),
    verify: wrap('action.verify', (_parameters, context) => context.proof()),
    undo: wrap('action.undo', () => undefined),
    scope: 'process',
    risk: 'reversible',
    timeoutMs: 1_000,
  };
  const resolver = new SimpleResolver();
  return {
    clock,
    logger,
    isOtherHealed: () => !bad.has('other'),
    listeners: listenersOf(wrap),
    options: {
      host: fakeHost({}, { clock }),
      enabledChecks: ['own', 'other'],
      checks: [
        {
          ...{ name: 'own', component: 'own', type: 'service', settleMs: SETTLE_MS, timeoutMs: 5, parts: [] },
          run: wrap('check.run', () => verdict('own')),
          heals:
            port === 'check.heals' ? wrap('check.heals', () => void bad.delete('own')) : { action: 'mend' },
        },
        {
          ...{ name: 'other', component: 'other', type: 'service', settleMs: SETTLE_MS, parts: [] },
          run: () => verdict('other'),
          heals: () => void bad.delete('other'),
        },
      ],
      actions: { mend: defineAction(mend) },
      resolver: { getAction: wrap('resolver.getAction', (issue) => resolver.getAction(issue)) },
      approve: wrap('approve', () => true),
      ...around(wrap, port, clock, logger),
    },
  };
}

/** Two failed units, repaired by a custom executor. */
export function unitWorld(wrap: Wrap, port: string, detects: 'all' | 'issues' | undefined): World {
  const clock = fakeClock();
  const logger = recordingLogger();
  const fake = fakeHost(
    { units: [failedUnit({ name: 'nginx.service' }), failedUnit({ name: 'redis.service' })] },
    { clock },
  );
  const executor = fakeExecutor({
    act: ({ parameters }) => fake.setUnit(String(parameters['service']), { activeState: 'active' }),
  });
  const inTrouble = (name: string) => {
    const { units } = fake.read({ units: [name] });
    return 'asked' in units && units.asked[0]?.activeState === 'failed';
  };
  const issues = () =>
    ['nginx', 'redis'].filter(inTrouble).map((component) => ({
      ...{ type: 'service' as const, severity: 3 as const, component, description: `${component} failed` },
      ...{ metricValue: 0, threshold: 1, timestamp: new Date(clock.now()) },
    }));
  const verdicts = ({ component }: { component?: string | undefined } = {}) =>
    ['nginx', 'redis']
      .filter((name) => component === undefined || component === name)
      .map((name) => ({
        ...{ check: 'own', component: name, type: 'service' as const, severity: 3 as const },
        ...(inTrouble(name)
          ? { status: 'bad' as const, reason: `${name} failed` }
          : { status: 'ok' as const, reason: `${name} runs` }),
      }));
  return {
    clock,
    logger,
    // The second call may be about either component.
    isOtherHealed: () => !inTrouble('redis') || !inTrouble('nginx'),
    listeners: listenersOf(wrap),
    options: {
      host: {
        ...fake,
        read: wrap('host.read', (request) => fake.read(request)),
        unitLog: wrap('host.unitLog', (unit) => fake.unitLog!(unit)),
        activeServices: wrap('host.activeServices', () => Promise.resolve(['nginx.service'])),
        watch: wrap('host.watch', (units, listener) => fake.watch!(units, listener)),
      },
      ...(detects
        ? {
            detector: {
              detectIssues: wrap('detector.detectIssues', () => Promise.resolve(issues())),
              ...(detects === 'all'
                ? { inspect: wrap('detector.inspect', (request) => Promise.resolve(verdicts(request))) }
                : {}),
            },
            resolver: {
              getAction: ({ component }) => ({
                action: 'restart_service',
                parameters: { service: component },
              }),
            },
          }
        : { services: ['nginx', 'redis', 'ngimx'] }),
      executor: {
        plan: wrap('executor.plan', (action) => executor.plan(action)),
        execute: wrap('executor.execute', (action, how) => executor.execute(action, how)),
      },
      ...around(wrap, port, clock, logger),
    },
  };
}

function around(wrap: Wrap, port: string, clock: FakeClock, logger: RecordingLogger): HealingOptions {
  const store = memoryStore();
  return {
    state: {
      load: wrap('store.load', (how) => store.load(how)),
      save: wrap('store.save', (state) => store.save(state)),
      close: wrap('store.close', () => Promise.resolve()),
    },
    clock: {
      now: wrap('clock.now', () => clock.now()),
      monotonic: wrap('clock.monotonic', () => clock.monotonic()),
      random: wrap('clock.random', () => clock.random()),
      sleep: wrap('clock.sleep', (ms, signal) => clock.sleep(ms, signal)),
      deadline: wrap('clock.deadline', (ms, end) => clock.deadline!(ms, end)),
    },
    logger: {
      debug: wrap('logger.debug', (message) => logger.debug(message)),
      info: wrap('logger.info', (message) => logger.info(message)),
      warn: wrap('logger.warn', (message) => logger.warn(message)),
      error: wrap('logger.error', (message) => logger.error(message)),
    },
    verbose: port === 'logger.debug',
    metrics: [
      {
        attach: wrap('metrics.attach', () => wrap('metrics.detach', () => undefined)),
      },
    ],
  };
}

const EVENTS: readonly EventName[] = [
  ...(['cycle:done', 'issue:opened', 'issue:cleared', 'heal:planned', 'heal:started', 'heal:done'] as const),
];

const listenersOf = (wrap: Wrap): World['listeners'] =>
  Object.fromEntries(EVENTS.map((name) => [name, wrap(`listener ${name}`, () => undefined)]));

/** Creates the engine of a world. */
export function engineIn({ options, listeners }: World): SimplifiedHealingEngine {
  const engine = new SimplifiedHealingEngine(options);
  for (const [name, listener] of Object.entries(listeners)) engine.on(name as EventName, listener);
  return engine;
}
