/** The port for words to a person. `console` and pino fit it as they are: one string a call. */
export interface Logger {
  /** For whoever looks for a mistake; said only while `verbose` is set. */
  debug(message: string): void;
  /** What was done. */
  info(message: string): void;
  /** What a person should know. */
  warn(message: string): void;
  /** What went wrong. */
  error(message: string): void;
}

const nothing = (): void => undefined;

/** Says nothing. The default. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
