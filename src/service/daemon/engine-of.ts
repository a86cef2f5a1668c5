import { createSelfHealingEngine } from '../../engine/create.js';
import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import type { Logger } from '../../base/logger.js';
import type { HealingOptions } from '../../engine/options.js';
import { checksOf } from '../config/checks.js';
import type { DaemonConfig } from '../config/config.js';
import { allowing } from './allowed-actions.js';

/** Input of an engine besides the configuration. */
export interface Surroundings {
  readonly logger: Logger;
  /** State directory of the service, if there is one. */
  readonly stateFolder: string | undefined;
}

/** Creates the engine of a configuration. Opens and reads nothing; throws for what the engine refuses. */
export function engineOf(
  config: DaemonConfig,
  { logger, stateFolder }: Surroundings,
  rest: HealingOptions = {},
): SimplifiedHealingEngine {
  const {
    interval: _interval,
    jsonEvents: _jsonEvents,
    allowedActions,
    metrics: _metrics,
    dashboard: _dashboard,
    checks: ownChecks,
    ...others
  } = config;
  const checks = checksOf(ownChecks);
  // `enabledChecks` of the file selects built-in checks; the file's own checks are always enabled.
  const enabledChecks = others.enabledChecks && [...others.enabledChecks, ...checks.map(({ name }) => name)];
  const options = { ...others, ...(enabledChecks ? { enabledChecks } : {}), checks };
  const state = options.state ?? (stateFolder === undefined ? undefined : `${stateFolder}/state.json`);
  const engine = createSelfHealingEngine({ logger, ...options, state, ...rest });
  engine.executor = allowing(allowedActions, engine.executor);
  return engine;
}
