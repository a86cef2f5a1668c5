import { getHeapStatistics } from 'node:v8';
import type { Check } from '../detect/check.js';
import { percent } from '../detect/percent.js';
import { judgeLimits } from './limits.js';
import { expectOptions, makeCheck, type CommonOptions } from './make.js';
import { number, type CheckRule } from './rules.js';

/** Options of {@link heap}. */
export interface HeapOptions extends CommonOptions {
  /** Share of the heap's limit that is used, in percent, above which it is bad. Default 90. */
  readonly maxPercent?: number;
}

export const HEAP_RULE: CheckRule = { keys: { maxPercent: number(0, 100) } };

/** Makes a check of this program's own heap: how much of its limit is used. */
export function heap(options: HeapOptions = {}): Check {
  expectOptions('heap', HEAP_RULE, options);
  const { maxPercent = 90 } = options;
  return makeCheck(options, {
    ...{ name: 'heap', type: 'service' },
    run: () => {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      const value = (100 * used) / limit;
      return judgeLimits(
        [{ what: 'use of the heap', value, max: maxPercent, show: percent }],
        `heap is used by ${percent(value)}`,
      );
    },
  });
}
