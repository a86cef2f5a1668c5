import { lazy } from '../base/lazy.js';
import type { HealingOptions } from '../engine/options.js';
import type { HealingAction } from '../model/plan.js';
import type { HealingResult } from '../model/result.js';
import type { UnitReading } from '../model/unit.js';
import { fakeClock } from './fake-clock.js';
import { fakeHost, type FakeHostParts } from './fake-host.js';
import { mountReading } from './snapshot.js';
import { failedUnit, unitReading } from './unit-reading.js';

/** Loaded late: the other fakes work without an engine. */
const runner = lazy(() => import('./run-scenario.js'));

/**
 * A fault, and the state of the host after a repair. Everything else is healthy, with the units that `services` and the
 * `heals` of checks name.
 *
 * Actions, resolver, guards, thresholds, services, `protect` and `approve` of the options are used as they are. The `run` of
 * a check is not called: a check reads `bad` if it is the one in `bad`, and `ok` otherwise. `host`, `executor`, `clock`,
 * `logger`, `metrics` and `state` are replaced; `detector` is refused. `plan` and `verify` of your own actions are called.
 * The host has a CPU governor, `vm.drop_caches` and a Nix store, unless `host.controls` says otherwise.
 */
export interface Scenario {
  /** Failed unit: its name, or its reading. */
  readonly failed?: string | UnitReading | undefined;
  /** Name of a check in `options.checks` that reads `bad`. */
  readonly bad?: string | undefined;
  /** Readings of the host, such as `{ cpu: { percent: 99, cpus: 4 } }`. */
  readonly host?: FakeHostParts | undefined;
  /** State after an action: `healthy`, `unchanged`, or parts of the host that change. Default `healthy`. */
  readonly after?: 'healthy' | 'unchanged' | FakeHostParts | undefined;
}

/** Result of a {@link Scenario}, with the actions of the whole cycle. */
export type ScenarioResult = HealingResult & {
  /** Planned actions, in order. */
  readonly planned: readonly HealingAction[];
  /** Actions that would have been carried out, in order. Empty in a dry run, or when a gate blocks the repair. */
  readonly executed: readonly HealingAction[];
};

/**
 * Runs one cycle with your options on a host that has one fault. Plans are real; no step runs, and no time passes. Rejects
 * for invalid options, and when the fault raises no issue.
 *
 * @example
 * ```js
 * import { healScenario } from '@luminous-nix/self-healing/testing';
 *
 * const { actionTaken, outcome } = await healScenario({ failed: 'nginx' }, { services: ['nginx'] });
 * console.log(actionTaken, outcome); // restart_service fixed
 * ```
 */
export async function healScenario(
  scenario: Scenario,
  options: HealingOptions = {},
): Promise<ScenarioResult> {
  const { runScenario } = await runner();
  return runScenario(scenario, options, { fakeClock, fakeHost, failedUnit, unitReading, mountReading });
}
