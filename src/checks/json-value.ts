import { refusal } from '../base/expect.js';
import { WrongAnswer } from './failure.js';
import { bounds, type Leaf } from './rules.js';

/** Requirement for a value in JSON: equal to this, or a number within these bounds. */
export type JsonExpected =
  string | number | boolean | null | { readonly min?: number; readonly max?: number };

/** Rule of one expected value. */
export const jsonExpected: Leaf = (name, value) => {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return;
  if (typeof value !== 'object') throw refusal(name, 'a JSON value or bounds', value);
  bounds(name, value);
};

/** Throws a {@link WrongAnswer} when the text is no JSON, or a value at a path (`a.b`, `list[0].c`) is not as expected. */
export function expectJson(text: string, expected: Readonly<Record<string, JsonExpected>>): void {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new WrongAnswer('did not answer with JSON');
  }
  for (const [path, want] of Object.entries(expected)) {
    const got = valueAt(json, path);
    if (typeof want !== 'object' || want === null) {
      if (got !== want) throw new WrongAnswer(`has ${show(got)} at ${path}, expected ${show(want)}`);
      continue;
    }
    const { min = -Infinity, max = Infinity } = want;
    if (typeof got !== 'number') throw new WrongAnswer(`has ${show(got)} at ${path}, expected a number`);
    if (got < min)
      throw new WrongAnswer(`has ${got} at ${path}, under ${min}`, { value: got, threshold: min });
    if (got > max)
      throw new WrongAnswer(`has ${got} at ${path}, over ${max}`, { value: got, threshold: max });
  }
}

function valueAt(json: unknown, path: string): unknown {
  const steps = path.split(/\.|\[(\d+)\]/).filter((step) => step !== undefined && step !== '');
  return steps.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string, unknown>)[step]
        : undefined,
    json,
  );
}

const show = (value: unknown): string =>
  value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);
