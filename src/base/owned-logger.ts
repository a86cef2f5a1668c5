import type { Logger } from './logger.js';
import { callOwned } from './pending.js';
import { printable } from './printable.js';

/** Wraps a logger of the host program: one printable line per call, debug lines only while verbose; never throws. */
export function ownedLogger(logger: Logger, isVerbose: () => boolean): Logger {
  // An error of the logger itself cannot be logged.
  const say = (level: keyof Logger) => (message: string) =>
    callOwned(
      () => logger[level](printable(message)),
      () => undefined,
    );
  const debug = say('debug');
  return {
    debug: (message) => void (isVerbose() && debug(message)),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
  };
}
