import { expectArray, expectKnownKeys, expectObject, expectOneOf, refusal } from '../base/expect.js';
import type { Check } from '../detect/check.js';
import { watchedUnits } from '../detect/watched.js';
import { listedNames } from '../detect/watched-units.js';
import { createSelfHealingEngine } from '../engine/create.js';
import type { HealingOptions } from '../engine/options.js';
import type { Executor } from '../execute/executor.js';
import { executionOf } from '../model/execution.js';
import type { HealingAction } from '../model/plan.js';
import type { ControlsReading } from '../model/controls-reading.js';
import { isUnknown, type Reading } from '../model/reading.js';
import { unitName } from '../model/unit-name.js';
import type { fakeClock, FakeClock } from './fake-clock.js';
import type { fakeHost, FakeHostParts } from './fake-host.js';
import type { Scenario, ScenarioResult } from './scenario.js';
import type { mountReading } from './snapshot.js';
import type { failedUnit, unitReading } from './unit-reading.js';

/** The fakes, which are passed in: a module that both files import would become a separate file in the package. */
interface Fakes {
  readonly fakeClock: typeof fakeClock;
  readonly fakeHost: typeof fakeHost;
  readonly failedUnit: typeof failedUnit;
  readonly unitReading: typeof unitReading;
  readonly mountReading: typeof mountReading;
}

const AFTER = ['healthy', 'unchanged'];

/** Every interface is there, and works. */
const CONTROLS: ControlsReading = {
  cpuPolicies: {
    readable: [
      {
        ...{ name: 'policy0', path: '/sys/devices/system/cpu/cpufreq/policy0', current: 'powersave' },
        ...{ offered: ['performance', 'powersave'], frequency: 1_000_000 },
      },
    ],
    unreadable: [],
  },
  dropCaches: { path: '/proc/sys/vm/drop_caches', unwritable: null },
  nix: { hasStore: true, daemon: 'granted', hasSystemd: true },
};

/** Runs a scenario; see `healScenario`. */
export async function runScenario(
  scenario: Scenario,
  options: HealingOptions,
  fakes: Fakes,
): Promise<ScenarioResult> {
  expectKnownKeys('scenario', expectObject('scenario', scenario), ['failed', 'bad', 'host', 'after']);
  expectObject('options', options);
  const { bad, after = 'healthy' } = scenario;
  if (typeof after === 'string') expectOneOf('after', after, AFTER, 'state');
  else fakes.fakeHost(after);
  if (options.detector !== undefined)
    throw refusal('options.detector', 'left out: a scenario has its own host', options.detector);
  const clock = fakes.fakeClock();
  const parts = partsOf(scenario, options, fakes);
  const host = fakes.fakeHost(parts, { clock });
  let isBad = true;
  const checks = checksOf(options.checks, bad, () => isBad);
  const engine = createSelfHealingEngine({
    ...options,
    ...{ checks, host, clock },
    ...{ executor: undefined, logger: undefined, metrics: undefined, state: undefined },
  });
  const acts = recordingExecutor(engine.executor, () => {
    if (after === 'unchanged') return;
    isBad = false;
    host.set(after === 'healthy' ? healthyParts(parts, fakes) : after);
  });
  engine.executor = acts.executor;
  try {
    const results = await ended(engine.detectAndHeal(), clock);
    const check = bad ?? (scenario.failed === undefined ? undefined : 'services');
    const result = results.find(({ issue }) => issue.check === check) ?? results[0];
    if (result === undefined) {
      const watched = engine.detector.enabledChecks.join(', ');
      throw refusal('scenario', `a fault that one of these checks reports: ${watched}`, scenario);
    }
    return { ...result, planned: acts.planned, executed: acts.executed };
  } finally {
    await ended(engine.close(), clock);
  }
}

/** Returns the state of the host before a repair. Units that the options name are there, and healthy. */
function partsOf(
  { failed, host = {} }: Scenario,
  { services, checks = [] }: HealingOptions,
  { failedUnit, unitReading }: Fakes,
): FakeHostParts {
  const { units: given = [] } = host;
  if (isUnknown(given)) {
    if (failed === undefined) return host;
    throw refusal('host.units', 'readable beside `failed`', given);
  }
  const unit = typeof failed === 'string' ? failedUnit({ name: failed }) : failed;
  const units = [...(unit ? [unit] : []), ...given.filter(({ id }) => id !== unit?.id)];
  const healed = checks.flatMap(({ heals }) => (typeof heals === 'string' ? [unitName(heals)] : []));
  const named = new Set([...(services ? listedNames(watchedUnits(services)) : []), ...healed]);
  const others = [...named].filter((name) => !units.some(({ names }) => names.includes(name)));
  return { controls: CONTROLS, ...host, units: [...units, ...others.map((name) => unitReading({ name }))] };
}

/** Returns the same controls, with the governor `performance`. */
function withGovernor(controls: Reading<ControlsReading>): Reading<ControlsReading> {
  if (isUnknown(controls) || isUnknown(controls.cpuPolicies)) return controls;
  const readable = controls.cpuPolicies.readable.map((policy) => ({ ...policy, current: 'performance' }));
  return { ...controls, cpuPolicies: { ...controls.cpuPolicies, readable } };
}

/** Returns the same units and file systems, healthy. */
function healthyParts(
  { units = [], mounts, system, controls }: FakeHostParts,
  { fakeHost, mountReading, unitReading }: Fakes,
): FakeHostParts {
  const { cpu, memory, load, pressure, mounts: root, system: running } = fakeHost().read();
  const { activeState, subState, result, exitStatus, exitKind, recentRestarts, cause } = unitReading();
  const healthy = { activeState, subState, result, exitStatus, exitKind, recentRestarts, cause };
  const nixos = system === undefined || isUnknown(system) ? {} : { nixos: system.nixos };
  return {
    ...{ cpu, memory, load, pressure },
    ...(controls && { controls: withGovernor(controls) }),
    system: isUnknown(running) ? running : { ...running, ...nixos },
    mounts:
      mounts === undefined || isUnknown(mounts)
        ? root
        : mounts.map(({ mountPoint, device, fsType, source, writes }) =>
            mountReading({
              ...{ mountPoint, device, fsType, source },
              ...(writes && { writes: { ...writes, status: 'ok' } }),
            }),
          ),
    units: isUnknown(units) ? [] : units.map((unit) => ({ ...unit, ...healthy })),
  };
}

/** Returns the checks with given verdicts, because their own would be about this machine. */
function checksOf(given: readonly Check[] | undefined, bad: string | undefined, isBad: () => boolean) {
  const checks = expectArray('options.checks', given ?? []) as readonly Check[];
  const names = checks.map((check) => check?.name);
  if (bad !== undefined) expectOneOf('bad', bad, names, 'check');
  return checks.map((check): Check => {
    // Invalid checks are left to the engine, which says what is wrong.
    if (typeof check?.run !== 'function') return check;
    const { name, component, type, parts, heals, timeoutMs, settleMs, every, failAfter, recoverAfter } =
      check;
    const options = { parts, heals, timeoutMs, settleMs, every, failAfter, recoverAfter };
    const set = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    return {
      ...check,
      ...{ name, component, type, ...set },
      run: () =>
        name === bad && isBad()
          ? { status: 'bad', reason: `\`${name}\` is bad in this scenario` }
          : { status: 'ok', reason: `\`${name}\` is ok in this scenario` },
    };
  });
}

/** Returns an executor with the plans of another one, which records actions in place of carrying them out. */
function recordingExecutor(real: Executor, act: () => void) {
  const planned: HealingAction[] = [];
  const executed: HealingAction[] = [];
  const executor: Executor = {
    plan(action, { signal } = {}) {
      planned.push(action);
      // A plan for a host that is not this machine is refused, except in a dry run.
      return real.plan(action, { dryRun: true, ...(signal ? { signal } : {}) });
    },
    execute(action, { plan, dryRun = false } = {}) {
      if (dryRun)
        return Promise.resolve(
          executionOf(action.action, { outcome: 'planned', dryRun, ...(plan ? { plan } : {}) }),
        );
      executed.push(action);
      act();
      const steps = (plan?.steps ?? []).map(() => ({ step: action.action, ok: true, durationMs: 0 }));
      return Promise.resolve(
        executionOf(action.action, { outcome: 'executed', steps, ...(plan ? { plan } : {}) }),
      );
    },
  };
  return { executor, planned, executed };
}

/** Waits for work that sleeps on a fake clock; time passes only while it sleeps. */
async function ended<T>(work: Promise<T>, clock: FakeClock): Promise<T> {
  let pending = true;
  const watched = work.finally(() => (pending = false));
  watched.catch(() => undefined);
  while (pending) await clock.advance(clock.sleepers > 0 ? 1_000 : 0);
  return watched;
}
