import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSelfHealingError } from '../../../src/base/errors.js';
import { componentOf, isUnitName, unitName } from '../../../src/model/unit-name.js';

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

describe('componentOf', () => {
  it('removes the suffix of a service only', () => {
    expect(componentOf('nginx.service')).toBe('nginx');
    expect(componentOf('a.socket')).toBe('a.socket');
    expect(componentOf('nginx')).toBe('nginx');
  });
});
