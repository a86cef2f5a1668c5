import { expectKnownKeys, expectObject, expectSignal, refusal } from '../base/expect.js';

/** How to monitor. */
export interface MonitoringOptions {
  /** Seconds from the start of one cycle to the start of the next, over 0 and up to 2,147,483. Default 60. */
  readonly interval?: number;
  /** Ends the monitoring. */
  readonly signal?: AbortSignal;
}

/** The longest time that Node's timers can wait, in seconds. */
const LONGEST = 2_147_483;

/** Takes what `startMonitoring` was given. */
export function acceptMonitoring(given: unknown): { intervalMs: number; signal: AbortSignal | undefined } {
  const options: MonitoringOptions =
    typeof given === 'number' ? { interval: given } : expectObject('options', given);
  expectKnownKeys('options', options, ['interval', 'signal']);
  const { interval = 60, signal } = options;
  const possible = typeof interval === 'number' && interval > 0 && interval <= LONGEST;
  if (!possible) throw refusal('interval', `a number of seconds over 0 and up to ${LONGEST}`, interval);
  return { intervalMs: interval * 1_000, signal: expectSignal(signal) };
}

/** Milliseconds taken for seconds make an interval of hours. */
const LONG_MS = 3_600_000;

/** Returns a warning for an interval that was probably meant in milliseconds. */
export const intervalWarning = (intervalMs: number): string | undefined =>
  intervalMs > LONG_MS
    ? `The monitoring interval is in seconds: ${intervalMs / 1_000} s is ${(intervalMs / LONG_MS).toFixed(1)} h`
    : undefined;
