import { messageOf } from '../../base/errors.js';
import { runProgram } from '../../host/systemd/run-program.js';
import type { Logger } from '../../base/logger.js';
import { printable } from '../../base/printable.js';

/** Notifies systemd of the state of the service: `READY=1`, `STATUS=…`, `WATCHDOG=1` as in sd_notify(3). */
export type Notify = (...assignments: readonly string[]) => Promise<void>;

/**
 * Notifies systemd through `systemd-notify`, since Node has no UNIX datagrams; one notification after the other. Does
 * nothing without `NOTIFY_SOCKET` in the environment.
 */
export function systemdNotify(
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Notify {
  if (!environment.NOTIFY_SOCKET) return () => Promise.resolve();
  let telling = Promise.resolve();
  return (...assignments) => {
    const words = assignments.map((word) => printable(word.replace(/\s+/g, ' ')).slice(0, 1_000));
    return (telling = telling.then(() => tell(words, logger)));
  };
}

async function tell(words: readonly string[], logger: Logger): Promise<void> {
  try {
    const { stderr, exitStatus } = await runProgram('systemd-notify', words, { timeoutMs: 10_000 });
    if (exitStatus !== 0) throw new Error(stderr.trim() || `exit status ${exitStatus}`);
  } catch (error) {
    logger.warn(`systemd could not be told ${words.join(' ')}: ${messageOf(error)}`);
  }
}

/** Returns the limit of systemd's watchdog, in milliseconds; `undefined` if it watches another process or none. */
export function watchdogMs(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID } = environment;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return undefined;
  const usec = Number(WATCHDOG_USEC);
  return usec > 0 ? usec / 1_000 : undefined;
}
