import { describe, expect, it } from 'vitest';
import { createSelfHealingEngine, quickHeal } from '../../src/engine/create.js';
import { defineAction } from '../../src/actions/define.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { isSelfHealingError } from '../../src/base/errors.js';
import { executeHealingAction, NixOSPermissionHandler } from '../../src/execute/permission-handler.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { fileStore } from '../../src/memory/file-store.js';
import { MetricsServer } from '../../src/observe/metrics-server.js';
import { SimpleDashboard } from '../../src/observe/dashboard/simple-dashboard.js';
import { prometheusMetrics } from '../../src/observe/prometheus.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import { fakeClock, fakeExecutor, fakeHost, recordingLogger } from '../../src/testing/index.js';
import { issueOf } from '../make.js';

const symbol = Symbol('x');
const self: Record<string, unknown> = {};
self['self'] = self;

/** Invalid values that a user may pass, with a description. */
const VALUES: readonly (readonly [kind: string, value: unknown])[] = [
  ['null', null],
  ['array', []],
  ['array', [7]],
  ['array', ['']],
  ['object', { frobnicate: 1 }],
  ['object', { dry_run: true }],
  ['object', new Date(0)],
  ['object', self],
  ['string', ''],
  ['string', 'x'],
  ['string', '5'],
  ['number', NaN],
  ['number', Infinity],
  ['number', -1],
  ['number', 7],
  ['boolean', true],
  ['boolean', false],
  ['function', () => 1],
  ['symbol', symbol],
  ['bigint', 7n],
];

const ACTION = {
  parse: (given: unknown) => given,
  plan: () => ({ targets: [], steps: [], effect: 'nothing' }),
  verify: () => ({ status: 'fixed' as const, reason: 'x' }),
  scope: 'process' as const,
  risk: 'reversible' as const,
  timeoutMs: 1_000,
};
const CHECK = {
  name: 'api',
  component: 'api',
  type: 'service' as const,
  run: () => ({ status: 'ok' as const, reason: 'x' }),
};
const REGISTRY = {
  metrics: () => Promise.resolve(''),
  registerMetric: () => undefined,
  removeSingleMetric: () => undefined,
  getSingleMetric: () => undefined,
};
const RESTART = { action: 'restart_service', parameters: { service: 'nginx' } };
const engine = () =>
  createSelfHealingEngine({
    ...{ host: fakeHost(), clock: fakeClock(), executor: fakeExecutor(), logger: recordingLogger() },
  });
const make = (options: object) =>
  createSelfHealingEngine({ host: fakeHost(), executor: fakeExecutor(), ...options });
const handler = (options: object = {}) => new NixOSPermissionHandler({ host: fakeHost(), ...options });

/** One argument or option: the call with a value in its place, and the values that it accepts. */
type Row = readonly [name: string, call: (value: never) => unknown, accepts?: (value: unknown) => boolean];

const isA =
  (...kinds: string[]) =>
  (value: unknown): boolean =>
    kinds.includes(Array.isArray(value) ? 'array' : typeof value);
const never = () => false;
const numberFrom =
  (least: number, most: number) =>
  (value: unknown): boolean =>
    typeof value === 'number' && value >= least && value <= most;
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const emptyArray = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

const ENGINE: readonly Row[] = [
  ['quickHeal(options)', (options) => quickHeal(options), isDate],
  ['createSelfHealingEngine(options)', (options) => createSelfHealingEngine(options), isDate],
  ['new SimplifiedHealingEngine(options)', (options) => new SimplifiedHealingEngine(options), isDate],
  ...(['dryRun', 'verbose'] as const).map((key): Row => [
    `options.${key}`,
    (value) => make({ [key]: value }),
    isA('boolean'),
  ]),
  ...(
    ['logger', 'host', 'detector', 'resolver', 'executor', 'clock', 'thresholds', 'nix', 'guards'] as const
  ).map((key): Row => [
    `options.${key}`,
    (value) => make({ [key]: value }),
    key === 'thresholds' || key === 'nix' || key === 'guards' ? isDate : never,
  ]),
  ['options.actions', (value) => make({ actions: value }), isDate],
  ['options.state', (value) => make({ state: value }), isText],
  ['options.approve', (value) => make({ approve: value }), isA('function')],
  ...(['services', 'protect', 'enabledChecks', 'checks', 'metrics'] as const).map((key): Row => [
    `options.${key}`,
    (value) => make({ [key]: value }),
    emptyArray,
  ]),
  ['options.services[0]', (value) => make({ services: [value] }), isText],
  ['options.services[0].unit', (value) => make({ services: [{ unit: value }] }), isText],
  ...(['keepRunning', 'restartForMemory'] as const).map((key): Row => [
    `options.services[0].${key}`,
    (value) => make({ services: [{ unit: 'nginx', [key]: value }] }),
    isA('boolean'),
  ]),
  ['options.protect[0]', (value) => make({ protect: [value] }), isText],
  ['options.checks[0]', (value) => make({ checks: [value] })],
  ['options.metrics[0]', (value) => make({ metrics: [value] })],
  ['options.actions.mine', (value) => make({ actions: { mine: value } })],
  ...(['cpuPercent', 'memoryPercent', 'diskPercent'] as const).map((key): Row => [
    `options.thresholds.${key}`,
    (value) => make({ thresholds: { [key]: value } }),
    numberFrom(0, 100),
  ]),
  [
    'options.thresholds.loadAverage',
    (value) => make({ thresholds: { loadAverage: value } }),
    numberFrom(0, Number.MAX_VALUE),
  ],
  ['options.nix.allowRollback', (value) => make({ nix: { allowRollback: value } }), isA('boolean')],
  ['options.nix.deleteOlderThan', (value) => make({ nix: { deleteOlderThan: value } })],
  ['options.nix.rebuild', (value) => make({ nix: { rebuild: value } }), isDate],
  ['options.nix.rebuild.flake', (value) => make({ nix: { rebuild: { flake: value } } }), isText],
  ['options.nix.rebuild.flags', (value) => make({ nix: { rebuild: { flags: value } } }), emptyArray],
  ...Object.entries(DEFAULT_GUARDS).flatMap(([group, numbers]): Row[] => [
    [`options.guards.${group}`, (value) => make({ guards: { [group]: value } }), isDate],
    ...Object.keys(numbers as object).map((key): Row => [
      `options.guards.${group}.${key}`,
      (value) => make({ guards: { [group]: { [key]: value } } }),
      key === 'share' || key === 'jitter' ? never : numberFrom(0, 1_000),
    ]),
  ]),
  ['engine.detectAndHeal(options)', (value) => engine().detectAndHeal(value), isDate],
  ['engine.healIssue(issue)', (value) => engine().healIssue(value)],
  ['engine.healIssue(_, options)', (value) => engine().healIssue(issueOf(), value), isDate],
  ['engine.healIssuesBatch(issues)', (value) => engine().healIssuesBatch(value), emptyArray],
  ['engine.healIssuesBatch(_, options)', (value) => engine().healIssuesBatch([], value), isDate],
  ...(['signal', 'dryRun'] as const).flatMap((key): Row[] => {
    const accepts = key === 'dryRun' ? isA('boolean') : never;
    return [
      [`engine.detectAndHeal({ ${key} })`, (value) => engine().detectAndHeal({ [key]: value }), accepts],
      [
        `engine.healIssuesBatch(_, { ${key} })`,
        (value) => engine().healIssuesBatch([], { [key]: value }),
        accepts,
      ],
    ];
  }),
  ...Object.entries({
    type: never,
    severity: never,
    description: isA('string'),
    component: isText,
    metricValue: (value: unknown) => Number.isFinite(value),
    threshold: (value: unknown) => Number.isFinite(value),
    timestamp: isDate,
    attempt: numberFrom(0, 100),
    evidence: emptyArray,
    log: emptyArray,
    check: isText,
    heals: never,
  }).map(([key, accepts]): Row => [
    `issue.${key}`,
    (value) => engine().healIssuesBatch([issueOf({ [key]: value })], { signal: AbortSignal.abort() }),
    (value) => accepts(value),
  ]),
  [
    'engine.startMonitoring(options)',
    (value) => engine().startMonitoring(stopped(value)),
    (value) => value === 7 || isDate(value),
  ],
  [
    'engine.startMonitoring({ interval })',
    (value) => engine().startMonitoring({ interval: value, signal: AbortSignal.abort() }),
    numberFrom(1, 10),
  ],
  ['engine.startMonitoring({ signal })', (value) => engine().startMonitoring({ signal: value })],
  ['engine.explain(component)', (value) => engine().explain(value), isA('string')],
  ['engine.approve(id)', (value) => engine().approve(value)],
  ['engine.reject(id)', (value) => engine().reject(value)],
  ['engine.pause(reason)', (value) => engine().pause(value), isText],
  ['engine.resume(reason)', (value) => engine().resume(value)],
  ['engine.reset(component)', (value) => engine().reset(value)],
  ['engine.on(name)', (value) => engine().on(value, () => undefined)],
  ['engine.on(_, listener)', (value) => engine().on('cycle:done', value), isA('function')],
  ...(['dryRun', 'verbose', 'healingEnabled'] as const).map((key): Row => [
    `engine.${key} =`,
    (value) => (engine()[key] = value),
    isA('boolean'),
  ]),
  ...(['detector', 'resolver', 'executor'] as const).map((key): Row => [
    `engine.${key} =`,
    (value) => Object.assign(engine(), { [key]: value }),
  ]),
];

const PARTS: readonly Row[] = [
  ['new SimpleDetector(options)', (value) => new SimpleDetector(value), isDate],
  ...(['host', 'clock', 'thresholds', 'enabledChecks', 'checks', 'services'] as const).map((key): Row => [
    `new SimpleDetector({ ${key} })`,
    (value) => new SimpleDetector({ host: fakeHost(), [key]: value }),
    (value) =>
      emptyArray(value) && key !== 'thresholds' && key !== 'host' && key !== 'clock'
        ? true
        : key === 'thresholds' && isDate(value),
  ]),
  ['detector.thresholds =', (value) => (detector().thresholds = value), isDate],
  [
    'detector.thresholds.cpuPercent =',
    (value) => (detector().thresholds.cpuPercent = value),
    numberFrom(0, 100),
  ],
  ['detector.enabledChecks =', (value) => (detector().enabledChecks = value), emptyArray],
  ['detector.addCheck(check)', (value) => detector().addCheck(value)],
  ...(['detectIssues', 'inspect'] as const).flatMap((method): Row[] => [
    [`detector.${method}(request)`, (value) => detector()[method](value), isDate],
    [`detector.${method}({ component })`, (value) => detector()[method]({ component: value }), isText],
    [`detector.${method}({ check })`, (value) => detector()[method]({ check: value }), isText],
    [`detector.${method}({ recent })`, (value) => detector()[method]({ recent: value }), isA('boolean')],
    [`detector.${method}({ fresh })`, (value) => detector()[method]({ fresh: value }), isA('boolean')],
    [`detector.${method}({ skip })`, (value) => detector()[method]({ skip: value }), isA('function')],
    [`detector.${method}({ signal })`, (value) => detector()[method]({ signal: value })],
  ]),
  ['detector.look(request)', (value) => detector().look(value), isDate],
  ['detector.healer(check)', (value) => detector().healer(value), isA('string')],
  ['resolver.getAction(issue)', (value) => new SimpleResolver().getAction(value)],
  ...Object.entries({
    name: isText,
    component: isText,
    type: never,
    run: isA('function'),
    parts: emptyArray,
    heals: (value: unknown) => isText(value) || typeof value === 'function',
    timeoutMs: numberFrom(1, 1_000),
    settleMs: numberFrom(0, 1_000),
  }).map(([key, accepts]): Row => [
    `check.${key}`,
    (value) => detector().addCheck({ ...CHECK, [key]: value }),
    (value) => accepts(value),
  ]),
  ['defineAction(definition)', (value) => defineAction(value)],
  ...Object.entries({
    parse: isA('function'),
    plan: isA('function'),
    verify: isA('function'),
    undo: isA('function'),
    scope: never,
    risk: never,
    timeoutMs: numberFrom(1, 1_000),
    runs: numberFrom(1, 10),
    settleMs: numberFrom(0, 1_000),
  }).map(([key, accepts]): Row => [
    `action.${key}`,
    (value) => defineAction({ ...ACTION, [key]: value }),
    (value) => accepts(value),
  ]),
  ['fileStore(path)', (value) => fileStore(value), isText],
];

const EXECUTOR: readonly Row[] = [
  ['new NixOSPermissionHandler(options)', (value) => new NixOSPermissionHandler(value), isDate],
  ...Object.entries({
    host: never,
    readsThisMachine: isA('boolean', 'function'),
    actions: isDate,
    healer: isA('function'),
    services: emptyArray,
    protect: emptyArray,
    thresholds: isA('function'),
    guards: isDate,
    nix: isDate,
    keepSystems: isA('function'),
    history: isA('function'),
    logger: never,
    helperSocket: never,
  }).map(([key, accepts]): Row => [
    `new NixOSPermissionHandler({ ${key} })`,
    (value) => handler({ [key]: value }),
    (value) => accepts(value),
  ]),
  ['executor.plan(action)', (value) => handler().plan(value)],
  ['executor.plan(_, options)', (value) => handler().plan(RESTART, value), isDate],
  ['executor.plan(_, { signal })', (value) => handler().plan(RESTART, { signal: value })],
  ['executor.plan(_, { dryRun })', (value) => handler().plan(RESTART, { dryRun: value }), isA('boolean')],
  // Never rejects: the refusal is the error of its result.
  ['executor.execute(action)', async (value) => asRejection(await handler().execute(value))],
  [
    'executor.execute(_, options)',
    async (value) => asRejection(await handler().execute(RESTART, value)),
    isDate,
  ],
  ...(['dryRun', 'approved'] as const).map((key): Row => [
    `executor.execute(_, { ${key} })`,
    async (value) => asRejection(await handler().execute(RESTART, { [key]: value })),
    isA('boolean'),
  ]),
  ...(['signal', 'plan', 'onPlan'] as const).map((key): Row => [
    `executor.execute(_, { ${key} })`,
    async (value) => asRejection(await handler().execute(RESTART, { [key]: value })),
    key === 'onPlan' ? isA('function') : never,
  ]),
  [
    'executeHealingAction(action)',
    (value) => executeHealingAction(value, {}, { host: fakeHost() }).then(asRejection),
  ],
  [
    'executeHealingAction(_, parameters)',
    (value) => executeHealingAction('restart_service', value, { host: fakeHost() }).then(asRejection),
  ],
  [
    'executeHealingAction(_, _, options)',
    (value) => executeHealingAction('restart_service', { service: 'x' }, value).then(asRejection),
    isDate,
  ],
];

const OBSERVERS: readonly Row[] = [
  ['new MetricsServer(options)', (value) => new MetricsServer(value)],
  ...Object.entries({
    healingEngine: never,
    host: isText,
    port: numberFrom(0, 65_535),
    registry: never,
    maxConnections: numberFrom(1, 1_000),
  }).map(([key, accepts]): Row => [
    `new MetricsServer({ ${key} })`,
    (value) => new MetricsServer({ healingEngine: engine(), [key]: value }),
    (value) => accepts(value),
  ]),
  [
    'metricsServer.handler(prefix)',
    (value) => new MetricsServer({ healingEngine: engine() }).handler(value),
    isEmpty,
  ],
  ['new SimpleDashboard(engine)', (value) => new SimpleDashboard(value)],
  ['new SimpleDashboard(_, options)', (value) => new SimpleDashboard(engine(), value), isDate],
  ...Object.entries({
    token: never,
    controls: (value: unknown) => value === false,
    allowedHosts: emptyArray,
    maxClients: numberFrom(1, 1_000),
  }).map(([key, accepts]): Row => [
    `new SimpleDashboard(_, { ${key} })`,
    (value) => new SimpleDashboard(engine(), { [key]: value }),
    (value) => accepts(value),
  ]),
  ['dashboard.handler(prefix)', (value) => new SimpleDashboard(engine()).handler(value), isEmpty],
  [
    'dashboard.start(options)',
    (value) => new SimpleDashboard(engine()).start(value),
    (value) => value === 7 || isDate(value),
  ],
  ['dashboard.start({ host })', (value) => new SimpleDashboard(engine()).start({ port: 0, host: value })],
  [
    'dashboard.start({ port })',
    (value) => new SimpleDashboard(engine()).start({ port: value }),
    numberFrom(0, 65_535),
  ],
  ['prometheusMetrics(options)', (value) => prometheusMetrics(value)],
  ...Object.entries({ registry: never, engine: isText, maxComponents: numberFrom(1, 1_000) }).map(
    ([key, accepts]): Row => [
      `prometheusMetrics({ ${key} })`,
      (value) => prometheusMetrics({ registry: REGISTRY as never, [key]: value }),
      (value) => accepts(value),
    ],
  ),
];

const FAKES: readonly Row[] = [
  ['fakeClock(options)', (value) => fakeClock(value), isDate],
  ['fakeClock({ now })', (value) => fakeClock({ now: value }), (value) => Number.isFinite(value)],
  ['fakeClock({ random })', (value) => fakeClock({ random: value }), isA('function')],
  ['fakeExecutor(options)', (value) => fakeExecutor(value), isDate],
  ['fakeHost(parts)', (value) => fakeHost(value), isDate],
  ['fakeHost(_, options)', (value) => fakeHost({}, value), isDate],
];

function isDate(value: unknown): boolean {
  return value instanceof Date;
}
function isEmpty(value: unknown): boolean {
  return value === '';
}
function detector() {
  return new SimpleDetector({ host: fakeHost() });
}
/** Throws the error of a result, in which `execute` gives its refusal. */
function asRejection({ outcome, error }: { readonly outcome: string; readonly error?: string }): void {
  if (outcome === 'failed') throw Object.assign(new Error(error), { isResult: true });
}
/** Returns options with an aborted signal, so that no monitoring starts. */
function stopped(value: unknown): never {
  if (value === 7) return { interval: 7, signal: AbortSignal.abort() } as never;
  return (isDate(value) ? { signal: AbortSignal.abort() } : value) as never;
}

const SENTENCE = /^[A-Z`][^\n]{10,400}$/;

async function refused(call: () => unknown): Promise<Error | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

let count = 0;
describe.each<[string, readonly Row[]]>([
  ['the engine', ENGINE],
  ['detector, resolver, checks and actions', PARTS],
  ['the executor', EXECUTOR],
  ['the observers', OBSERVERS],
  ['the fakes', FAKES],
])('every argument and option of %s', (_name, rows) => {
  const each = rows.map(([name, call, accepts = never]) => ({ name, call, accepts }));
  it.each(each)('$name is refused in one sentence when invalid', async ({ name, call, accepts }) => {
    const silent: string[] = [];
    for (const [kind, value] of VALUES) {
      if (accepts(value)) continue;
      count += 1;
      const error = await refused(() => call(value as never));
      const isOurs = isSelfHealingError(error) && error.code === 'invalid-argument';
      const isResult = error !== undefined && 'isResult' in error;
      if (!((isOurs || isResult) && SENTENCE.test(error.message)))
        silent.push(
          `${name} ${kind} ${value === self ? 'self' : String(value)}: ${error === undefined ? 'accepted' : error.message}`,
        );
    }
    expect(silent).toEqual([]);
  });
});

it('is covered with every invalid value', () => {
  console.info(`${count} mistakes, each refused in one sentence`);
  expect(count).toBeGreaterThan(2_000);
});
