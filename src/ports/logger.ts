import type { Logger } from '../logger.js';
import { callOwned } from '../pending.js';

/** A logger of the host program that hurts nobody, and whose debug lines pass only while they are wanted. */
export function ownedLogger(logger: Logger, isVerbose: () => boolean): Logger {
  // There is nobody left to whom a failing logger could be reported.
  const say = (level: keyof Logger) => (message: string) =>
    callOwned(
      () => logger[level](message),
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
