import { refusal } from '../base/expect.js';

const SUFFIXES = 'service|socket|target|device|mount|automount|swap|timer|path|slice|scope';

/** Prefix of the characters that systemd allows, optional instance after an `@`, suffix of a unit type. */
const UNIT_NAME = new RegExp(`^[A-Za-z0-9:_.\\\\-]+(@[A-Za-z0-9:_.\\\\@-]+)?\\.(${SUFFIXES})$`);
/** Suffix of a unit name: its type. */
export const UNIT_SUFFIX = new RegExp(`\\.(${SUFFIXES})$`);

const OWN_DASHED = ['-.mount', '-.slice'];
const MAX_BYTES = 255;

/**
 * Returns whether a text is the full name of a loadable unit, with its suffix and, for a template, its instance.
 *
 * Stricter than systemd: a leading dash could be parsed as an option, so only `-.mount` and `-.slice` may have one.
 */
export function isUnitName(name: string): boolean {
  if (typeof name !== 'string' || name.length > MAX_BYTES || !UNIT_NAME.test(name)) return false;
  return !name.startsWith('-') || OWN_DASHED.includes(name);
}

/**
 * Returns the full name of a unit: `nginx` and `foo.bar` become `nginx.service` and `foo.bar.service`, `a.socket` is
 * unchanged.
 *
 * @param option Option name for the error message.
 * @throws A `SelfHealingError` with code `invalid-argument` for an invalid unit name.
 */
export function unitName(name: string, option = 'unit'): string {
  if (typeof name === 'string' && name !== '') {
    const full = UNIT_SUFFIX.test(name) ? name : `${name}.service`;
    if (isUnitName(full)) return full;
  }
  throw refusal(option, 'a systemd unit name', name);
}

/** Returns the component of a unit in issues: its name without `.service`. */
export function componentOf(unit: string): string {
  return unit.endsWith('.service') ? unit.slice(0, -'.service'.length) : unit;
}

/** Returns the template of an instance (`foo@.service` for `foo@bar.service`), `undefined` for other units. */
export const templateOf = (unit: string): string | undefined => {
  const [, prefix, suffix] = /^([^@]*@).+(\.[a-z]+)$/.exec(unit) ?? [];
  return prefix === undefined || suffix === undefined ? undefined : `${prefix}${suffix}`;
};

/** Returns whether a unit or its template is among the names. */
export const isNamed = (unit: string, names: readonly string[]): boolean =>
  names.includes(unit) || names.includes(templateOf(unit) ?? unit);
