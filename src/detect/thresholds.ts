import { BUILT_IN } from '../model/built-in-checks.js';
import { expectKnownKeys, expectNumber, expectObject, expectOneOf } from '../base/expect.js';

/** Thresholds above which an issue is raised. Assignable at any time; an invalid value throws. */
export interface Thresholds {
  /** CPU use in percent, 0–100. Default 80. */
  cpuPercent: number;
  /** Memory use in percent, 0–100. Default 85. */
  memoryPercent: number;
  /** Use of a file system's bytes or inodes in percent, 0–100. Default 90. */
  diskPercent: number;
  /** One-minute load average, at least 0. Default: twice the number of CPUs. */
  loadAverage: number;
}

/** Thresholds for the checks; the default of the load depends on the host. */
export type ThresholdValues = Omit<Thresholds, 'loadAverage'> & { loadAverage: number | undefined };

/** Default and largest value of each threshold, from the table of built-in checks. */
export const THRESHOLD_RULES = new Map(
  BUILT_IN.flatMap((check) =>
    'threshold' in check ? [[check.threshold.option, check.threshold] as const] : [],
  ),
);
// The compiler refuses a threshold of that table that the type lacks; in `assign`, the other way round.
const KEYS: readonly (keyof Thresholds)[] = [...THRESHOLD_RULES.keys()];
const DEFAULTS = Object.fromEntries(
  [...THRESHOLD_RULES].map(([key, rule]) => [key, rule.default]),
) as ThresholdValues;

/** Validates thresholds and adds the defaults. */
export function thresholdValues(given: unknown = {}): ThresholdValues {
  const partial = expectObject('thresholds', given);
  expectKnownKeys('thresholds', partial, KEYS);
  const values: ThresholdValues = { ...DEFAULTS };
  for (const [key, value] of Object.entries(partial)) if (value !== undefined) assign(values, key, value);
  return values;
}

/** Loads `node:os` only when it is called. */
const numberOfCpus = (): number => process.getBuiltinModule('node:os').cpus().length;

/** Returns a view that validates each assignment. */
export function guardedThresholds(values: ThresholdValues): Thresholds {
  return new Proxy(values as Thresholds, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      return key === 'loadAverage' ? (value ?? 2 * numberOfCpus()) : value;
    },
    set: (target, key, value) => {
      assign(target, expectOneOf('thresholds', String(key), KEYS, 'option'), value);
      return true;
    },
    defineProperty: (target, key, descriptor) => {
      assign(target, expectOneOf('thresholds', String(key), KEYS, 'option'), descriptor.value);
      return true;
    },
    deleteProperty: () => false,
  });
}

function assign(values: ThresholdValues, key: string, value: unknown): void {
  const name = key as keyof Thresholds;
  values[name] = expectNumber(key, value, 0, THRESHOLD_RULES.get(name)!.most);
  if (values[name] === Infinity) expectNumber(key, NaN, 0, Infinity);
}
