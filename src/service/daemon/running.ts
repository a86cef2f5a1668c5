import { createSelfHealingEngine } from '../../engine/create.js';
import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import { invalid, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { HealingOptions } from '../../engine/options.js';
import { checksOf } from '../config/checks.js';
import type { DaemonConfig } from '../config/config.js';
import { allowing } from './allowed-actions.js';
import { logJsonEvents } from './journal.js';
import { outletsOf, type Outlet, type Served } from './outlets.js';

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

/** A configuration in effect: its engine and its servers. */
export class Running {
  readonly config: DaemonConfig;
  readonly engine: SimplifiedHealingEngine;
  readonly #surroundings: Surroundings;
  /** Servers that are not running yet, with the last error that was logged. */
  readonly #wanted = new Map<Outlet, string>();
  readonly #served: Served[] = [];
  #opening: Promise<void> = Promise.resolve();
  #stopped = false;

  /** Opens nothing. Throws for a configuration that the engine refuses. */
  constructor(config: DaemonConfig, surroundings: Surroundings) {
    this.config = config;
    this.#surroundings = surroundings;
    this.engine = engineOf(config, surroundings);
    if (config.jsonEvents) logJsonEvents(this.engine, surroundings.logger);
  }

  /** Interval between cycles, in seconds. */
  get interval(): number {
    return this.config.interval ?? 60;
  }

  /** Address of the dashboard with its token. Throws a `SelfHealingError` when it is not served. */
  get dashboardLink(): string {
    const link = this.#served.find((served) => served.link !== undefined)?.link;
    if (link !== undefined) return link;
    const why =
      this.config.dashboard === undefined
        ? 'add `dashboard` to the configuration'
        : 'its address is not available yet; see the journal';
    throw invalid(`The dashboard is not served: ${why}`);
  }

  /** Starts servers and monitoring. Resolves when it has been stopped. */
  async run(): Promise<void> {
    const { stateFolder } = this.#surroundings;
    for (const outlet of outletsOf(this.config, this.engine, stateFolder)) this.#wanted.set(outlet, '');
    await this.#open();
    if (this.#wanted.size > 0) this.#openLater();
    if (!this.#stopped) await this.engine.startMonitoring({ interval: this.interval });
  }

  /** Tries again after each cycle, until all servers run. */
  #openLater(): void {
    const end = this.engine.on('cycle:done', () => {
      void this.#open().then(() => {
        if (this.#wanted.size === 0) end();
      });
    });
  }

  /** Stops monitoring, interrupts what can be interrupted, waits for the rest, and closes everything. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.engine.close();
    await this.#opening;
    await Promise.all(this.#served.map((served) => served.stop()));
  }

  /** Starts the servers. A failure does not stop repairs: it is logged once, and retried with each cycle. */
  #open(): Promise<void> {
    const { logger } = this.#surroundings;
    return (this.#opening = this.#opening.then(async () => {
      for (const [outlet, said] of this.#wanted) {
        if (this.#stopped) return;
        try {
          const served = await outlet.open();
          this.#wanted.delete(outlet);
          this.#served.push(served);
          const hint = served.link?.includes('#')
            ? '; `luminous-healing dashboard` prints its address with the token'
            : '';
          logger.info(`${outlet.name} is available at ${served.url}${hint}`);
        } catch (error) {
          const words = `${outlet.name} cannot be served (retried every cycle): ${messageOf(error)}`;
          if (words !== said) logger.error(words);
          this.#wanted.set(outlet, words);
        }
      }
    }));
  }
}
