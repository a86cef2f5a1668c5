import type { Clock } from '../base/clock.js';
import { conformance, insist, mustEnd, rejectionOf, format, type Make } from './conformance.js';

/** Options of {@link clockConformance}. */
export interface ClockConformanceOptions<Adapter extends Clock> {
  /** Advances a fake clock. */
  readonly elapse?: (clock: Adapter, ms: number) => void | Promise<void>;
}

/** Returns tests for a `Clock`. */
export function clockConformance<Adapter extends Clock>(
  make: Make<Adapter>,
  { elapse }: ClockConformanceOptions<Adapter> = {},
) {
  return conformance(make, {
    '`now` is a time in milliseconds since the epoch'(clock) {
      const now = clock.now();
      insist(Number.isFinite(now), `\`now\` returned ${format(now)}, which is not a finite number`);
      insist(now > 1e11, `\`now\` returned ${now}: that is seconds, or not since 1970`);
    },
    '`monotonic` never goes back'(clock) {
      let before = clock.monotonic();
      for (let i = 0; i < 1_000; i += 1) {
        const after = clock.monotonic();
        insist(Number.isFinite(after), `\`monotonic\` returned ${format(after)}`);
        insist(after >= before, `\`monotonic\` went back from ${before} to ${after}`);
        before = after;
      }
    },
    '`random` is a number from 0 up to, not including, 1'(clock) {
      for (let i = 0; i < 1_000; i += 1) {
        const value = clock.random();
        insist(value >= 0 && value < 1, `\`random\` returned ${format(value)}`);
      }
    },
    async '`sleep` waits for the given time, by `monotonic`'(clock) {
      const start = clock.monotonic();
      const sleep = clock.sleep(5);
      await elapse?.(clock, 5);
      await mustEnd('`sleep(5)`', sleep);
      const slept = clock.monotonic() - start;
      // Node's timers may fire 1 ms early.
      insist(slept >= 4, `\`sleep(5)\` woke after ${slept} ms`);
    },
    async '`sleep(0)` resolves'(clock) {
      const sleep = clock.sleep(0);
      await elapse?.(clock, 0);
      await mustEnd('`sleep(0)`', sleep);
    },
    async '`sleep` rejects with the reason of an already aborted signal'(clock) {
      const reason = new Error('enough');
      const got = await rejectionOf('A sleep whose signal is aborted', () =>
        mustEnd('It', clock.sleep(60_000, AbortSignal.abort(reason))),
      );
      insist(got === reason, `It rejected with ${format(got)} and not with the signal's reason`);
    },
    async '`sleep` rejects with the reason of a signal that is aborted during it'(clock) {
      const reason = new Error('enough');
      const controller = new AbortController();
      const sleep = clock.sleep(60_000, controller.signal);
      controller.abort(reason);
      const got = await rejectionOf('A sleep whose signal is aborted during it', () => mustEnd('It', sleep));
      insist(got === reason, `It rejected with ${format(got)} and not with the signal's reason`);
    },
  });
}
