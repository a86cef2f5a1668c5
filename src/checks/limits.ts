import { refusal } from '../base/expect.js';
import { bytes, span } from '../base/format.js';
import { percent } from '../detect/percent.js';
import type { Verdict } from '../model/issue.js';
import { bad, ok, unknownVerdict } from './make.js';

/** Writes a number of a unit for a person. */
const SHOW = { B: bytes, s: (seconds: number) => span(seconds * 1_000), '%': percent } as const;

/** One number held against its bounds. `undefined` bounds are not asked about. */
export interface Measured {
  /** Name of the measured quantity: `memory of nginx`. */
  readonly what: string;
  /** The number, or the reason why it is not known. */
  readonly value: number | string;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly unit?: keyof typeof SHOW;
  /** Writes the number for a person. Default: by its unit. */
  readonly show?: (value: number) => string;
}

const numbers = (value: number, threshold: number, unit: string | undefined): Partial<Verdict> => ({
  ...{ value, threshold },
  ...(unit === undefined ? {} : { valueUnit: unit }),
});

/** Judges numbers by their bounds: the first that is out of them, else the first that is not known, else `ok`. */
export function judgeLimits(all: readonly Measured[], well: string): Verdict {
  const measured = all.filter(({ min, max }) => min !== undefined || max !== undefined);
  for (const { what, value, min, max, unit, show = unit ? SHOW[unit] : String } of measured) {
    if (typeof value === 'string') continue;
    if (max !== undefined && value > max)
      return bad(`${what} is ${show(value)}, over ${show(max)}`, numbers(value, max, unit));
    if (min !== undefined && value < min)
      return bad(`${what} is ${show(value)}, under ${show(min)}`, numbers(value, min, unit));
  }
  const blind = measured.find(({ value }) => typeof value === 'string');
  if (blind) return unknownVerdict(`${blind.what} is not known: ${String(blind.value)}`);
  const [first] = measured;
  if (first === undefined) return ok(well);
  return ok(well, numbers(first.value as number, (first.max ?? first.min)!, first.unit));
}

/** Returns the first number in a text; `undefined` when there is none. */
export function firstNumber(text: string): number | undefined {
  const [found] = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/.exec(text) ?? [];
  return found === undefined ? undefined : Number(found);
}

/** Refuses a least value above its greatest. */
export const inOrder =
  (pairs: readonly (readonly [min: string, max: string])[]) =>
  (name: string, options: Readonly<Record<string, unknown>>): void => {
    for (const [min, max] of pairs) {
      const [least, most] = [options[min], options[max]];
      if (typeof least === 'number' && typeof most === 'number' && least > most)
        throw refusal(`${name}.${min}`, `at most \`${max}\` (${most})`, least);
    }
  };
