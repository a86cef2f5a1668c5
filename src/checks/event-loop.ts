import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { Check } from '../detect/check.js';
import { span } from '../base/format.js';
import { judgeLimits } from './limits.js';
import { expectOptions, makeCheck, unknownVerdict, type CommonOptions } from './make.js';
import { number, type CheckRule } from './rules.js';

/** Options of {@link eventLoop}. */
export interface EventLoopOptions extends CommonOptions {
  /** Delay of the event loop above which it is bad, in milliseconds. Default 500. */
  readonly maxDelayMs?: number;
  /** Percentile of the delays since the run before, 1 to 100. Default 99. */
  readonly percentile?: number;
}

export const EVENT_LOOP_RULE: CheckRule = {
  keys: { maxDelayMs: number(1, 3_600_000), percentile: number(1, 100) },
};

/** How often the delay is measured, in milliseconds. */
const RESOLUTION_MS = 20;

/** Makes a check of this program's own event loop: how late it is between two runs. Unknown in the first run. */
export function eventLoop(options: EventLoopOptions = {}): Check {
  expectOptions('eventLoop', EVENT_LOOP_RULE, options);
  const { maxDelayMs = 500, percentile = 99 } = options;
  let histogram: IntervalHistogram | undefined;
  return makeCheck(options, {
    ...{ name: 'eventLoop', type: 'service' },
    run: () => {
      if (histogram === undefined) {
        // It keeps no process alive.
        histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
        histogram.enable();
      }
      if (histogram.count === 0) return unknownVerdict('eventLoop: it needs two readings');
      const ms = Math.max(0, histogram.percentile(percentile) / 1e6 - RESOLUTION_MS);
      histogram.reset();
      return judgeLimits(
        [{ what: 'delay of the event loop', value: ms, max: maxDelayMs, show: span }],
        `eventLoop is ${span(ms)} late`,
      );
    },
  });
}
