import type { Logger } from './logger.js';
import { callOwned } from './pending.js';
import { printable } from './printable.js';

/** A logger of the host program that hurts nobody: one printable line a call, and debug lines only while they are wanted. */
export function ownedLogger(logger: Logger, isVerbose: () => boolean): Logger {
  // There is nobody left to whom a failing logger could be reported.
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
