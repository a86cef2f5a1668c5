import { describe, expect, it } from 'vitest';
import {
  CHECK_NUMBERS,
  DEFAULT_CHECK_SETTLE_MS,
  DEFAULT_CHECK_TIMEOUT_MS,
  expectCheck,
  expectHeals,
  healsOf,
  type Check,
} from '../../src/detect/check.js';

const CHECK: Check = {
  ...{ name: 'queue', component: 'queue', type: 'resource' },
  run: () => ({ status: 'ok', reason: 'empty' }),
};
const checked = (more: object) => (): Check => expectCheck({ ...CHECK, ...more }, ['cpu', 'memory']);

describe('a check of the host program is accepted', () => {
  it.each<[string, object]>([
    ['with nothing but what it needs', {}],
    ['with the shortest time limit', { timeoutMs: 1 }],
    ['with the longest time limit', { timeoutMs: 600_000 }],
    ['with no time to settle', { settleMs: 0 }],
    ['with the longest time to settle', { settleMs: 3_600_000 }],
    ['every part of a second', { every: 0.001 }],
    ['every day', { every: 86_400 }],
    ['after one and after a thousand verdicts', { failAfter: 1, recoverAfter: 1_000 }],
    ['after a thousand and after one verdict', { failAfter: 1_000, recoverAfter: 1 }],
    ['with every part of a snapshot', { parts: ['cpu', 'memory', 'load', 'mounts', 'units', 'system'] }],
    ['with no part of a snapshot', { parts: [] }],
    ['with a field of its own', { owner: 'the shop' }],
    ['with a unit to restart', { heals: 'nginx' }],
    ['with a function that heals', { heals: () => undefined }],
    ['with an action that heals', { heals: { action: 'clean_nix_store', parameters: { maxFreed: 1 } } }],
    ['with an action without parameters', { heals: { action: 'clean_nix_store' } }],
  ])('%s, and returned as it is', (_how, more) => {
    const check = { ...CHECK, ...more };
    expect(expectCheck(check, ['cpu'])).toBe(check);
  });
});

describe('a check of the host program is refused', () => {
  it.each<[object, string]>([
    [{ name: '' }, 'Expected `check.name` to be a non-empty string, got'],
    [{ name: 5 }, 'Expected `check.name` to be a non-empty string, got'],
    [{ name: 'memory' }, 'Expected `check.name` to be a name that no other check has, got'],
    [{ component: '' }, 'Expected `check.component` to be a non-empty string'],
    [{ component: undefined }, 'Expected `check.component` to be a non-empty string'],
    [{ type: 'servise' }, 'in `check.type`: did you mean `service`?'],
    [{ run: 5 }, 'Expected `check` to be an object with a method `run`'],
    [{ timeoutMs: 0 }, 'Expected `check.timeoutMs` to be a number from 1 to 600000, got'],
    [{ timeoutMs: 600_001 }, 'Expected `check.timeoutMs` to be a number from 1 to 600000'],
    [{ settleMs: -1 }, 'Expected `check.settleMs` to be a number from 0 to 3600000'],
    [{ settleMs: 3_600_001 }, 'Expected `check.settleMs` to be a number from 0 to 3600000'],
    [{ every: 0 }, 'Expected `check.every` to be a number of seconds over 0 and up to 86400, got'],
    [{ failAfter: 0 }, 'Expected `check.failAfter` to be a number from 1 to 1000, got'],
    [{ recoverAfter: 1_001 }, 'Expected `check.recoverAfter` to be a number from 1 to 1000'],
    [{ parts: ['cpus'] }, 'in `check.parts`: did you mean `cpu`?'],
    [{ parts: 'cpu' }, 'Expected `check.parts` to be an array of strings'],
    [{ heals: 5 }, 'Expected `check.heals` to be a unit name, an action or a function, got'],
    // Almost an option; a field of its own is none.
    [{ timeout: 5 }, 'Unknown option `timeout` in `check`: did you mean `timeoutMs`?'],
    [{ recoverafter: 5 }, 'did you mean `recoverAfter`?'],
  ])('with %o', (more, message) => {
    expect(checked(more)).toThrow(message);
  });

  it.each([
    ['nam', 'name'],
    ['componet', 'component'],
    ['typ', 'type'],
    ['runs', 'run'],
    ['part', 'parts'],
    ['timeoutms', 'timeoutMs'],
    ['evry', 'every'],
    ['failafter', 'failAfter'],
    ['recoverAftr', 'recoverAfter'],
    ['settlems', 'settleMs'],
    ['heal', 'heals'],
  ])('with `%s`, which is almost `%s`', (key, option) => {
    expect(checked({ [key]: undefined })).toThrow(
      `Unknown option \`${key}\` in \`check\`: did you mean \`${option}\`?`,
    );
  });

  it.each([undefined, null, 'queue', []])('that is %o', (check) => {
    expect(() => expectCheck(check, [])).toThrow('Expected `check` to be an object');
  });

  it('of a class is not searched for typing mistakes: its fields are its own', () => {
    class Queue {
      readonly name = 'queue';
      readonly component = 'queue';
      readonly type = 'resource';
      readonly timeout = 5;
      run = CHECK.run;
    }
    const check = new Queue();
    expect(expectCheck(check, [])).toBe(check);
  });
});

it('a check of the host program has 5 s to answer, and a repair 1 min to work, unless it is given other limits', () => {
  expect([DEFAULT_CHECK_TIMEOUT_MS, DEFAULT_CHECK_SETTLE_MS]).toEqual([5_000, 60_000]);
});

describe('the time between two runs', () => {
  it.each([Number.MIN_VALUE, 86_400])('may be %d', (value) => {
    expect(() => CHECK_NUMBERS.every('x.every', value)).not.toThrow();
  });

  it.each([0, -1, 86_400.1, NaN, Infinity, '5', undefined])('is not %o', (value) => {
    expect(() => CHECK_NUMBERS.every('x.every', value)).toThrow(
      'Expected `x.every` to be a number of seconds',
    );
  });
});

describe('a number of verdicts in a row', () => {
  it.each([1, 1_000])('may be %d', (value) => {
    expect(() => CHECK_NUMBERS.failAfter('x.failAfter', value)).not.toThrow();
  });

  it.each<[unknown, string]>([
    [0, 'a number from 1 to 1000'],
    [1_001, 'a number from 1 to 1000'],
    [1.5, 'a whole number'],
    ['2', 'a number from 1 to 1000'],
  ])('is not %o', (value, expected) => {
    expect(() => CHECK_NUMBERS.failAfter('x.failAfter', value)).toThrow(
      `Expected \`x.failAfter\` to be ${expected}`,
    );
  });
});

describe('what heals', () => {
  it.each<[unknown, string]>([
    [null, '`x.heals` to be a unit name, an action or a function'],
    [['nginx'], '`x.heals` to be a unit name, an action or a function'],
    ['', '`x.heals`'],
    ['../etc', '`x.heals`'],
    [{}, '`x.heals.action` to be the name of an action, got'],
    [{ action: '' }, '`x.heals.action` to be the name of an action'],
    [{ action: 'a', parameters: 5 }, '`x.heals.parameters` to be an object'],
    [{ action: 'a', parameter: {} }, '`x.heals`: did you mean `parameters`?'],
  ])('is refused as %o, under the name of its option', (heals, message) => {
    expect(() => expectHeals(heals, 'x.heals')).toThrow(message);
  });

  it('is by default the option of a check', () => {
    expect(() => expectHeals(5)).toThrow('Expected `check.heals` to be');
  });

  it.each<[string, Check['heals'], unknown]>([
    ['nothing', undefined, undefined],
    ['a unit', 'nginx', { action: 'restart_service', parameters: { service: 'nginx' } }],
    ['a function', () => undefined, { action: 'heal:queue', parameters: {} }],
    [
      'an action',
      { action: 'clean_nix_store', parameters: { maxFreed: 1 } },
      { action: 'clean_nix_store', parameters: { maxFreed: 1 } },
    ],
    ['an action without parameters', { action: 'own' }, { action: 'own', parameters: {} }],
  ])('is, for %s, an action with frozen parameters', (_what, heals, expected) => {
    const found = healsOf({ name: 'queue', ...(heals !== undefined && { heals }) });
    expect(found).toEqual(expected);
    expect(Object.isFrozen(found) && Object.isFrozen(found?.parameters)).toBe(true);
  });

  it('has parameters that the caller does not change later', () => {
    const parameters = { maxFreed: 1 };
    const found = healsOf({ name: 'queue', heals: { action: 'clean_nix_store', parameters } });
    parameters.maxFreed = 2;
    expect(found).toEqual({ action: 'clean_nix_store', parameters: { maxFreed: 1 } });
  });
});
