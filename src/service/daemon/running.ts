import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import { messageOf, SelfHealingError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { DaemonConfig } from '../config/config.js';
import { engineOf, type Surroundings } from './engine-of.js';
import { keepRecords } from './journal.js';
import { outletsOf, type Outlet, type Served } from './outlets.js';

/** One configuration at work: its engine, and what is served of it. */
export class Running {
  readonly config: DaemonConfig;
  readonly engine: SimplifiedHealingEngine;
  readonly #logger: Logger;
  readonly #stateFolder: string | undefined;
  /** What is to be served and is not yet, and what was last said about that. */
  readonly #wanted = new Map<Outlet, string>();
  readonly #served: Served[] = [];
  #opening: Promise<void> = Promise.resolve();
  #stopped = false;

  /** Opens nothing yet. Throws for a configuration that the engine refuses. */
  constructor(config: DaemonConfig, surroundings: Surroundings) {
    this.config = config;
    this.#logger = surroundings.logger;
    this.#stateFolder = surroundings.stateFolder;
    this.engine = engineOf(config, surroundings);
    keepRecords(this.engine, this.#logger);
  }

  /** Seconds from one cycle to the next. */
  get interval(): number {
    return this.config.interval ?? 60;
  }

  /** The address of the dashboard with its token. Throws a `SelfHealingError` when it is not served. */
  get dashboardLink(): string {
    const link = this.#served.find((served) => served.link !== undefined)?.link;
    if (link !== undefined) return link;
    const why =
      this.config.dashboard === undefined
        ? 'add `dashboard` to the configuration'
        : 'its address could not be had yet; the journal says why';
    throw new SelfHealingError('invalid-argument', `The dashboard is not served: ${why}`);
  }

  /** Serves and monitors. Resolves when it has been stopped. */
  async run(): Promise<void> {
    for (const outlet of outletsOf(this.config, this.engine, this.#stateFolder)) this.#wanted.set(outlet, '');
    this.engine.on('cycle:done', () => void this.#open());
    await this.#open();
    if (!this.#stopped) await this.engine.startMonitoring({ interval: this.interval });
  }

  /** Starts nothing new, ends what may be interrupted, waits for the rest, and lets go of everything. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.engine.close();
    await this.#opening;
    await Promise.all(this.#served.map((served) => served.stop()));
  }

  /** What cannot be served keeps nothing from being healed: it is told once, and tried again with each cycle. */
  #open(): Promise<void> {
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
          this.#logger.info(`${outlet.name} can be seen at ${served.url}${hint}`);
        } catch (error) {
          const words = `${outlet.name} cannot be served, which is tried again: ${messageOf(error)}`;
          if (words !== said) this.#logger.error(words);
          this.#wanted.set(outlet, words);
        }
      }
    }));
  }
}
