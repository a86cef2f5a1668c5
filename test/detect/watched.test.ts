import { describe, expect, it } from 'vitest';
import { watchedUnits } from '../../src/detect/watched.js';
import {
  listedNames,
  listedPatterns,
  matchesPattern,
  watchedAs,
  withBothWishes,
} from '../../src/detect/watched-units.js';

describe('the services option', () => {
  it('accepts names with and without suffix, and names with permissions', () => {
    const units = watchedUnits(['nginx', 'web.socket', { unit: 'pg@15-main', keepRunning: true }]);
    expect([...units]).toEqual([
      ['nginx.service', { unit: 'nginx.service' }],
      ['web.socket', { unit: 'web.socket' }],
      ['pg@15-main.service', { unit: 'pg@15-main.service', keepRunning: true }],
    ]);
  });

  it.each([
    [['ng inx'], /services\[0\]/],
    [['ok', '../etc'], /services\[1\]/],
    [['nginx;reboot'], /services\[0\]/],
    [['-h'], /services\[0\]/],
    [['*'], /services\[0\]/],
    [[''], /services\[0\]/],
    [[7], /services\[0\]/],
    [[{ keepRunning: true }], /services\[0\]\.unit/],
    [[{ unit: 'a', keepRunning: 'yes' }], /services\[0\]\.keepRunning.*true or false/],
    [[{ unit: 'a', restartForMemory: 'yes' }], /services\[0\]\.restartForMemory.*true or false/],
    [['ng inx'], /to be a systemd unit name, got/],
    [[{ unit: 7 }], /services\[0\]\.unit.*a systemd unit name, got `7`/],
    [[{ unit: ['nginx*'] }], /services\[0\]\.unit` to be a systemd unit name, got .*array/],
    ['nginx', /`services` to be an array/],
    [['*.service'], /services\[0\].*at least one letter or digit/],
    [['@*'], /services\[0\].*at least one letter or digit/],
    [['-a*'], /services\[0\]/],
    [['a*b c'], /services\[0\]/],
    [['a[b'], /services\[0\]/],
    [['db[!]'], /services\[0\]/],
    [['db[^]'], /services\[0\]/],
    [['db[9-5]'], /services\[0\].*ranges in order, such as `\[0-9\]`/],
    [['db[a-[]'], /ranges in order/],
    [['sdb.device'], /services\[0\].*can be started \(not a device, slice or scope\)/],
    [['user.slice'], /can be started/],
    [['session-1.scope'], /can be started/],
    [['session-*.scope'], /can be started/],
    [['multi*.target'], /full name of a target/],
    [['foo@'], /services\[0\]/],
    [[{ unit: 'foo@.service' }], /services\[0\]\.unit/],
  ])('refuses %j', (services, message) => {
    expect(() => watchedUnits(services)).toThrow(message);
  });

  it.each(['db[-0-9]', 'db[-9]', 'db[a-]', 'db[--0]', 'db[!-9]', 'db[^-0-9]', 'db[1-1]'])(
    'accepts %s: a hyphen at the edge of a class is one of its characters, and a range may have one',
    (pattern) => {
      expect(listedPatterns(watchedUnits([pattern]))).toEqual([`${pattern}.service`]);
    },
  );

  it('accepts patterns, with and without a unit type', () => {
    const units = watchedUnits(['worker@*', 'app-?.socket', { unit: 'db[12]', keepRunning: true }]);
    expect([...units.keys()]).toEqual(['worker@*.service', 'app-?.socket', 'db[12].service']);
  });

  it.each(['a.socket', 'a.timer', 'a.path', 'a.mount', 'a.automount', 'a.swap', 'a.target'])(
    'accepts %s',
    (name) => {
      expect([...watchedUnits([name]).keys()]).toEqual([name]);
    },
  );

  it('merges the options of a unit that is listed twice', () => {
    expect([
      ...watchedUnits(['a', { unit: 'a', keepRunning: true }, { unit: 'a', restartForMemory: true }]),
    ]).toEqual([['a.service', { unit: 'a.service', keepRunning: true, restartForMemory: true }]]);
  });

  it('suggests the closest option for an unknown one', () => {
    expect(() => watchedUnits([{ unit: 'a', keep_running: true }])).toThrow(
      'Unknown option `keep_running` in `services[0]`: did you mean `keepRunning`?',
    );
  });
});

describe('a pattern in the services option', () => {
  let runs = 0;

  it.each([
    ['worker@1.service', 'worker@*.service', true],
    ['worker@.service', 'worker@*.service', true],
    ['worker@a-b.service', 'worker@*.service', true],
    ['workers.service', 'worker@*.service', false],
    ['worker@1.socket', 'worker@*.service', false],
    ['worker@1.service.service', 'worker@*.service', true],
    ['worker@1xservice', 'worker@*.service', false],
    ['db1.service', 'db[12].service', true],
    ['db3.service', 'db[12].service', false],
    ['db12.service', 'db[12].service', false],
    ['db3.service', 'db[!12].service', true],
    ['db1.service', 'db[!12].service', false],
    ['db1.service', 'db[^12].service', false],
    ['db!.service', 'db[1!].service', true],
    ['db7.service', 'db[5-9].service', true],
    ['db4.service', 'db[5-9].service', false],
    ['db\\x2d.service', 'db[\\]x2d.service', true],
    ['dbx.service', 'db[\\x].service', true],
    ['app-a.socket', 'app-?.socket', true],
    ['app-.socket', 'app-?.socket', false],
    ['app-ab.socket', 'app-?.socket', false],
    ['a.b.service', 'a.b*.service', true],
    ['axb.service', 'a.b*.service', false],
    ['grp.target', 'grp*', false],
  ])('matches %s against %s: %s', (name, pattern, matches) => {
    // Compiled patterns are kept, so each run has one of its own.
    const run = `run${(runs += 1)}-`;
    expect(matchesPattern(`${run}${name}`, `${run}${pattern}`)).toBe(matches);
  });

  it('matches the same also after a thousand others', () => {
    const run = `many${(runs += 1)}-`;
    for (let number = 0; number < 1_001; number += 1)
      expect(matchesPattern(`${run}${number}.service`, `${run}${number}?service`)).toBe(true);
    expect(matchesPattern(`${run}0.service`, `${run}0?service`)).toBe(true);
  });
});

describe('the options of a listed unit', () => {
  const listed = watchedUnits(['worker@*', { unit: 'sshd', keepRunning: true }, 'postgresql']);
  const named = (id: string, ...more: string[]) => ({ id, names: [id, ...more] });

  it.each([
    ['the name of the unit', named('sshd.service'), { unit: 'sshd.service', keepRunning: true }],
    [
      'another name of the unit',
      named('ssh.service', 'sshd.service'),
      { unit: 'sshd.service', keepRunning: true },
    ],
    ['a pattern', named('worker@2.service'), { unit: 'worker@*.service' }],
    ['a pattern of another name', named('queue.service', 'worker@3.service'), { unit: 'worker@*.service' }],
    ['its id alone', { id: 'sshd.service', names: [] }, { unit: 'sshd.service', keepRunning: true }],
    [
      'several entries, which are merged',
      named('sshd.service', 'worker@4.service'),
      { unit: 'sshd.service', keepRunning: true },
    ],
    [
      'the entry of the unit that has it as a member, and its own',
      { ...named('worker@5.service'), memberOf: ['postgresql.service'] },
      { unit: 'postgresql.service' },
    ],
    [
      'the unit that has it as a member',
      { ...named('postgresql@15-main.service'), memberOf: ['postgresql.service'] },
      { unit: 'postgresql.service' },
    ],
    ['nothing', named('nginx.service'), undefined],
  ])('are found by %s', (_way, unit, expected) => {
    expect(watchedAs(unit, listed)).toStrictEqual(expected);
  });
});

it('the names and the patterns of the services option are told apart', () => {
  const listed = watchedUnits(['worker@*', 'sshd', 'db[12]', 'app-?.socket']);
  expect(listedNames(listed)).toEqual(['sshd.service']);
  expect(listedPatterns(listed)).toEqual(['worker@*.service', 'db[12].service', 'app-?.socket']);
});

it('a unit without settings has none after its entries were merged', () => {
  const plain = { unit: 'a.service' };
  expect(withBothWishes(plain, plain)).toStrictEqual(plain);
  expect(withBothWishes({ ...plain, keepRunning: true }, plain)).toStrictEqual({
    ...plain,
    keepRunning: true,
  });
  expect(withBothWishes(plain, { ...plain, restartForMemory: true })).toStrictEqual({
    ...plain,
    restartForMemory: true,
  });
});
