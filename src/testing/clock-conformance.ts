import type { Clock } from '../base/clock.js';
import {
  conformance,
  insist,
  mustEnd,
  rejectionOf,
  describeValue,
  type ConformanceCase,
  type Make,
} from './conformance.js';

/** What a {@link clockConformance} may be told. */
export interface ClockConformanceOptions<Adapter extends Clock> {
  /** Lets time pass on a clock whose time passes only on request. */
  readonly elapse?: (clock: Adapter, ms: number) => void | Promise<void>;
}

/** What every `Clock` promises. */
export function clockConformance<Adapter extends Clock>(
  make: Make<Adapter>,
  { elapse }: ClockConformanceOptions<Adapter> = {},
): ConformanceCase[] {
  return conformance(make, {
    '`now` is a time in milliseconds since the epoch'(clock) {
      const now = clock.now();
      insist(Number.isFinite(now), `\`now\` answered ${describeValue(now)}, which is not a finite number`);
      insist(now > 1e11, `\`now\` answered ${now}: that is seconds, or not since 1970`);
    },
    '`monotonic` never goes back'(clock) {
      let before = clock.monotonic();
      for (let i = 0; i < 1_000; i += 1) {
        const after = clock.monotonic();
        insist(Number.isFinite(after), `\`monotonic\` answered ${describeValue(after)}`);
        insist(after >= before, `\`monotonic\` went back from ${before} to ${after}`);
        before = after;
      }
    },
    '`random` is a number from 0 up to, not including, 1'(clock) {
      for (let i = 0; i < 1_000; i += 1) {
        const value = clock.random();
        insist(value >= 0 && value < 1, `\`random\` answered ${describeValue(value)}`);
      }
    },
    async '`sleep` waits as long as it is told, by `monotonic`'(clock) {
      const start = clock.monotonic();
      const sleep = clock.sleep(5);
      await elapse?.(clock, 5);
      await mustEnd('`sleep(5)`', sleep);
      const slept = clock.monotonic() - start;
      // The timers of Node count whole milliseconds and may be one early.
      insist(slept >= 4, `\`sleep(5)\` woke after ${slept} ms`);
    },
    async '`sleep(0)` resolves'(clock) {
      const sleep = clock.sleep(0);
      await elapse?.(clock, 0);
      await mustEnd('`sleep(0)`', sleep);
    },
    async '`sleep` rejects with the reason of a signal that is aborted already'(clock) {
      const reason = new Error('enough');
      const got = await rejectionOf('A sleep whose signal is aborted', () =>
        mustEnd('It', clock.sleep(60_000, AbortSignal.abort(reason))),
      );
      insist(got === reason, `It rejected with ${describeValue(got)} and not with the signal's reason`);
    },
    async '`sleep` rejects with the reason of a signal that is aborted meanwhile'(clock) {
      const reason = new Error('enough');
      const controller = new AbortController();
      const sleep = clock.sleep(60_000, controller.signal);
      controller.abort(reason);
      const got = await rejectionOf('A sleep whose signal is aborted meanwhile', () => mustEnd('It', sleep));
      insist(got === reason, `It rejected with ${describeValue(got)} and not with the signal's reason`);
    },
  });
}
