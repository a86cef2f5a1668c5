import { realClock, type Clock } from './clock.js';
import { messageOf } from './errors.js';
import type { Logger } from './logger.js';
import { owned } from './pending.js';
import { within } from './within.js';

/**
 * Wraps a clock of the host program. Falls back to the machine's clock when it throws, returns a non-number or does not
 * wait; each kind of failure is logged once. A sleep ends when its signal is aborted, even if the clock ignores signals.
 */
export function ownedClock(clock: Clock, logger: Logger): Clock {
  if (clock === realClock) return clock;
  const named = new Set<string>();
  const failed = (method: string, error: unknown): void => {
    if (named.has(method)) return;
    named.add(method);
    logger.error(`\`clock.${method}\` failed; the time of this machine is used instead: ${messageOf(error)}`);
  };
  const number = (method: 'now' | 'monotonic' | 'random') => (): number => {
    try {
      const value: unknown = clock[method]();
      if (typeof value === 'number' && Number.isFinite(value)) return value;
      owned(value, () => undefined);
      failed(method, `it returned ${messageOf(value)}`);
    } catch (error) {
      failed(method, error);
    }
    return realClock[method]();
  };
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    const start = around.monotonic();
    try {
      await within({ ms: Infinity, clock: realClock, signal }, () => clock.sleep(ms, signal));
      // A loop of such sleeps would starve the event loop.
      if (ms > 0 && around.monotonic() <= start) throw new Error('it did not wait');
    } catch (error) {
      if (signal?.aborted) throw signal.reason as Error;
      failed('sleep', error);
      return realClock.sleep(ms, signal);
    }
  };
  const deadline = (ms: number, end: () => void): (() => void) => {
    try {
      const cancel = clock.deadline?.(ms, end);
      if (typeof cancel === 'function') return cancel;
      owned(cancel, () => undefined);
      failed('deadline', 'it did not return a cancel function');
    } catch (error) {
      failed('deadline', error);
    }
    return realClock.deadline!(ms, end);
  };
  const around = { now: number('now'), monotonic: number('monotonic'), random: number('random'), sleep };
  return clock.deadline ? { ...around, deadline } : around;
}
