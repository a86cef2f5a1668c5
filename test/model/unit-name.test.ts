import { describe, expect, it } from 'vitest';
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
