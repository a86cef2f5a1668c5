import type { Check } from '../detect/check.js';
import { percent } from '../detect/percent.js';
import { isUnknown, type Reading } from '../model/reading.js';
import { expectOptions, makeCheck, unknownVerdict, type CommonOptions } from './make.js';
import { judgeLimits } from './limits.js';
import { number, oneOf, type CheckRule } from './rules.js';
import { refusal } from '../base/expect.js';

/** Options of {@link pressure}. */
export interface PressureOptions extends CommonOptions {
  /** Resource that work waits for. */
  readonly resource: 'cpu' | 'memory' | 'io';
  /** Share of the last 10 s in which work waited for it, in percent, above which it is bad. */
  readonly maxPercent: number;
  /** `some` counts time in which some work waited, `full` time in which all of it did. `cpu` has `some` only. Default `some`. */
  readonly of?: 'some' | 'full';
}

export const PRESSURE_RULE: CheckRule = {
  keys: {
    resource: oneOf(['cpu', 'memory', 'io'], 'resource'),
    maxPercent: number(0, 100),
    of: oneOf(['some', 'full'], 'kind of pressure'),
  },
  needs: ['resource', 'maxPercent'],
  together: (name, { resource, of }) => {
    if (resource === 'cpu' && of === 'full') throw refusal(`${name}.of`, '`some` for the CPU', of);
  },
};

/**
 * Makes a check of pressure stall information (PSI): how long work waits for CPU, memory or disks.
 *
 * @example
 * ```js
 * import { pressure } from '@luminous-nix/self-healing/checks';
 *
 * const memory = pressure({ resource: 'memory', of: 'full', maxPercent: 20, failAfter: 3 });
 * ```
 */
export function pressure(options: PressureOptions): Check {
  expectOptions('pressure', PRESSURE_RULE, options);
  const { resource, of = 'some', maxPercent } = options;
  const what = `pressure:${resource}`;
  return makeCheck(options, {
    ...{ name: what, type: 'resource', parts: ['pressure'] },
    run: ({ snapshot }) => {
      const all = snapshot.pressure;
      const reading: Reading<{ readonly some: number; readonly full?: number }> = isUnknown(all)
        ? all
        : all[resource];
      if (isUnknown(reading)) return unknownVerdict(`${what}: ${reading.unknown}`);
      const value = (of === 'full' ? reading.full : undefined) ?? reading.some;
      return judgeLimits(
        [{ what: `${of} of ${what}`, value, max: maxPercent, unit: '%' }],
        `${of} of ${what} is ${percent(value)}`,
      );
    },
  });
}
