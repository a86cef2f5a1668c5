import { messageOf } from '../../base/errors.js';
import { expectObject, expectOneOf, refusal } from '../../base/expect.js';
import type { Leaf } from '../../checks/rules.js';

/** Where a value stands: `services[2].unit` is `['services', 2, 'unit']`. */
export type Place = readonly (string | number)[];

/**
 * What a value must be: judged by a function; an object with known keys, of which some are needed; a list of like
 * entries; an object with names of the user's own; or one of these, picked by the value itself.
 */
export type Rule =
  | Leaf
  | { readonly keys: Readonly<Record<string, Rule>>; readonly needs?: readonly string[] }
  | { readonly each: Rule; readonly of: string }
  | { readonly names: Leaf; readonly values: Rule }
  | { readonly pick: (value: unknown) => Rule };

/** One thing that is wrong, and where. */
export interface Mistake {
  readonly place: Place;
  readonly sentence: string;
}

/** Everything that is wrong with a value, not only the first. */
export function mistakesIn(rule: Rule, value: unknown, place: Place = []): Mistake[] {
  const name = nameOf(place);
  const checked = (check: () => unknown, at = place): Mistake[] => {
    try {
      check();
      return [];
    } catch (error) {
      return [{ place: at, sentence: messageOf(error) }];
    }
  };
  if (typeof rule === 'function') return checked(() => rule(name, value));
  if ('pick' in rule) return mistakesIn(rule.pick(value), value, place);
  if ('each' in rule) {
    if (!Array.isArray(value))
      return [{ place, sentence: refusal(name, `a list of ${rule.of}`, value).message }];
    return value.flatMap((entry, index) => mistakesIn(rule.each, entry, [...place, index]));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return checked(() => expectObject(name, value));
  if ('values' in rule)
    return Object.entries(value).flatMap(([key, inner]) => {
      const inside = [...place, key];
      const wrong = checked(() => rule.names(nameOf(inside), key), inside);
      return [...wrong, ...mistakesIn(rule.values, inner, inside)];
    });
  const missing = (rule.needs ?? []).filter((key) => !Object.hasOwn(value, key));
  const lacks = missing.map((key) => ({ place, sentence: `\`${name}\` lacks \`${key}\`` }));
  const wrong = Object.entries(value).flatMap(([key, inner]) => {
    const inside = [...place, key];
    const known = Object.hasOwn(rule.keys, key) ? rule.keys[key] : undefined;
    if (known !== undefined) return mistakesIn(known, inner, inside);
    return checked(() => expectOneOf(name, key, Object.keys(rule.keys), 'option'), inside);
  });
  return [...lacks, ...wrong];
}

/** The name of a place, as a sentence writes it. */
export const nameOf = (place: Place): string =>
  place.length === 0
    ? 'configuration'
    : place
        .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
        .join('');
