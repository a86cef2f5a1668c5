import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSelfHealingError } from '../../src/base/errors.js';
import { componentOf, isNamed, isUnitName, templateOf, unitName } from '../../src/model/unit-name.js';

describe('the full name of a unit', () => {
  it.each([
    ...['a.service', 'a.socket', 'a.target', 'dev-sda.device', 'a.mount', 'a.automount', 'a.swap'],
    ...['a.timer', 'a.path', 'a.slice', 'a.scope', 'a@b.service', 'a@b@c.service', '-.mount', '-.slice'],
    ...['a\\x2db.service', 'a:b_c.d-e.service', `${'a'.repeat(247)}.service`],
  ])('can be %s', (name) => {
    expect(isUnitName(name)).toBe(true);
  });

  it.each([
    ...['', 'a', '.service', 'a.services', 'a.conf', 'a b.service', 'a/b.service', 'a@.service', 'ä.service'],
    ...['-a.service', '--now.service', '-.service', 'a.service\n', '*.service', `${'a'.repeat(248)}.service`],
  ])('cannot be %j', (name) => {
    expect(isUnitName(name)).toBe(false);
  });

  it.each([
    ['nginx', 'nginx.service'],
    ['foo.bar', 'foo.bar.service'],
    ['a.socket', 'a.socket'],
    ['worker@1', 'worker@1.service'],
  ])('of %s is %s', (name, full) => {
    expect(unitName(name)).toBe(full);
  });

  it.each(['', '--now', 'a b', 'worker@', 7, undefined])('is refused when %j is given', (name) => {
    expect(() => unitName(name as string, 'service')).toThrow('Expected `service` to be a systemd unit name');
  });

  it('that is refused is called `unit` where no option is named', () => {
    expect(() => unitName('a b')).toThrow('Expected `unit` to be');
  });
});

describe('unitName', () => {
  it.each([
    ['nginx', 'nginx.service'],
    ['nginx.service', 'nginx.service'],
    ['foo.bar', 'foo.bar.service'],
    ['foo@bar', 'foo@bar.service'],
    ['a.socket', 'a.socket'],
    ['tmpl@x\\x2dy', 'tmpl@x\\x2dy.service'],
    ['getty@tty1.service', 'getty@tty1.service'],
    ['a@b@c', 'a@b@c.service'],
    ['-.mount', '-.mount'],
  ])('completes %s to %s', (name, full) => {
    expect(unitName(name)).toBe(full);
  });

  it.each([
    ['a;reboot', 'a command behind it'],
    ['--now', 'an option'],
    ['-H.service', 'an option with a suffix'],
    ['../x', 'a path'],
    ['a\n', 'a line break at its end'],
    ['a b', 'a space'],
    ['', 'nothing'],
    ['.service', 'no prefix'],
    ['@x', 'no prefix before the instance'],
    ['foo@', 'a template without an instance'],
    ['foo@.service', 'a template without an instance, with a suffix'],
    ['ngin*', 'a glob'],
    ['[a]', 'a set'],
    ['naïve', 'letters that systemd does not know'],
    ['x'.repeat(248), 'more than 255 bytes with the suffix'],
  ])('rejects %j: %s', (name) => {
    expect(() => unitName(name)).toThrow(/^Expected `unit` to be a systemd unit name, got `/);
    expect(isUnitName(name)).toBe(false);
  });

  it('names the option and the value in the error', () => {
    expect(() => unitName('a;reboot', 'service')).toThrow(
      'Expected `service` to be a systemd unit name, got `"a;reboot"`',
    );
  });

  it('rejects a value that is not a string', () => {
    for (const value of [undefined, null, 42, {}, ['nginx']]) {
      expect(() => unitName(value as string)).toThrow(/systemd unit name/);
      expect(isUnitName(value as string)).toBe(false);
    }
  });

  it('returns a stable name, or throws an error with a code, for any text', () => {
    const nearly = fc.stringMatching(/^[-A-Za-z0-9:_.\\@/;*\n ]{0,12}(\.service|\.socket)?$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearly), (text) => {
        try {
          const full = unitName(text);
          expect(isUnitName(full)).toBe(true);
          expect(unitName(full)).toBe(full);
          expect(full).toMatch(/^[A-Za-z0-9:_.\\@-]{1,255}$/);
        } catch (error) {
          expect(isSelfHealingError(error) && error.code).toBe('invalid-argument');
        }
      }),
    );
  });
});

it.each([
  ['nginx.service', 'nginx'],
  ['a.socket', 'a.socket'],
  ['nginx', 'nginx'],
])('the component of %s is %s', (unit, component) => {
  expect(componentOf(unit)).toBe(component);
});

it.each([
  ['foo@bar.service', 'foo@.service'],
  ['foo@a@b.service', 'foo@.service'],
  ['foo.service', undefined],
  ['foo@.service', undefined],
])('the template of %s is %s', (unit, template) => {
  expect(templateOf(unit)).toBe(template);
});

it.each([
  ['foo@bar.service', ['foo@.service'], true],
  ['foo@bar.service', ['foo@bar.service'], true],
  ['foo@bar.service', ['foo@other.service', 'foo.service'], false],
  ['foo.service', ['a.service', 'foo.service'], true],
  ['foo.service', ['foo@.service'], false],
])('whether %s or its template is among %j: %s', (unit, names, is) => {
  expect(isNamed(unit, names)).toBe(is);
});
