import type { SimplifiedHealingEngine } from '../../engine.js';
import type { Logger } from '../../logger.js';
import { type DaemonConfig } from '../config/config.js';

/** Something that serves what an engine knows. */
export interface Outlet {
  readonly name: string;
  start(): Promise<{ readonly url: string }>;
  stop(): Promise<void>;
  /** Says what is wrong with it, once. */
  complain(message: string, logger: Logger): void;
}

/** What a configuration wants served. */
export function outletsOf(config: DaemonConfig, engine: SimplifiedHealingEngine): Promise<Outlet[]> {
  void config;
  void engine;
  return Promise.resolve([]);
}
