import { refusal } from '../base/expect.js';

const SUFFIXES = 'service|socket|target|device|mount|automount|swap|timer|path|slice|scope';

/** A prefix of systemd's own characters, an instance after an `@` if there is one, a suffix that means a kind. */
const UNIT_NAME = new RegExp(`^[A-Za-z0-9:_.\\\\-]+(@[A-Za-z0-9:_.\\\\@-]+)?\\.(${SUFFIXES})$`);
/** The suffix of a unit name, which tells its kind. */
export const UNIT_SUFFIX = new RegExp(`\\.(${SUFFIXES})$`);

const OWN_DASHED = ['-.mount', '-.slice'];
const MAX_BYTES = 255;

/**
 * Tells whether a word is the full name of a unit that can be loaded: with its suffix, and with its instance if
 * it comes from a template.
 *
 * Stricter than systemd in one thing: a name that begins with a dash could be taken for an option, so only the
 * two that systemd itself has (`-.mount`, `-.slice`) pass.
 */
export function isUnitName(name: string): boolean {
  if (typeof name !== 'string' || name.length > MAX_BYTES || !UNIT_NAME.test(name)) return false;
  return !name.startsWith('-') || OWN_DASHED.includes(name);
}

/**
 * Gives the full name of a unit: `nginx` and `foo.bar` become `nginx.service` and `foo.bar.service`, `a.socket`
 * stays.
 *
 * @param option Name of the option that the name came in, for the message.
 * @throws A `SelfHealingError` with code `invalid-argument` for what systemd would not accept as a unit.
 */
export function unitName(name: string, option = 'unit'): string {
  if (typeof name === 'string' && name !== '') {
    const full = UNIT_SUFFIX.test(name) ? name : `${name}.service`;
    if (isUnitName(full)) return full;
  }
  throw refusal(option, 'a systemd unit name', name);
}

/** The word that stands for a unit in issues: its name, without `.service`. */
export function componentOf(unit: string): string {
  return unit.endsWith('.service') ? unit.slice(0, -'.service'.length) : unit;
}

/** The template that an instance is made from (`foo@.service` for `foo@bar.service`); nothing for other units. */
export const templateOf = (unit: string): string | undefined => {
  const [, prefix, suffix] = /^([^@]*@).+(\.[a-z]+)$/.exec(unit) ?? [];
  return prefix === undefined || suffix === undefined ? undefined : `${prefix}${suffix}`;
};

/** Whether a unit is among those named, by itself or by the template that it is made from. */
export const isNamed = (unit: string, names: readonly string[]): boolean =>
  names.includes(unit) || names.includes(templateOf(unit) ?? unit);
