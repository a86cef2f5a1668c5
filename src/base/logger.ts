/** Port for log messages, one string per call. `console` and pino implement it. */
export interface Logger {
  /** For debugging; only logged while `verbose` is set. */
  debug(message: string): void;
  /** Normal operation: actions and their results. */
  info(message: string): void;
  /** Conditions that need attention. */
  warn(message: string): void;
  /** Errors. */
  error(message: string): void;
}

const nothing = (): void => undefined;

/** Discards every message. The default. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
