import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SelfHealingError } from '../../src/base/errors.js';
import {
  expectArray,
  expectBoolean,
  expectFunction,
  expectKnownKeys,
  expectMethods,
  expectNumber,
  expectObject,
  expectOneOf,
  expectSignal,
  expectStrings,
  expectText,
  nearest,
} from '../../src/base/expect.js';

const refusalOf = (work: () => unknown): SelfHealingError => {
  try {
    work();
  } catch (error) {
    if (error instanceof SelfHealingError) return error;
    throw error;
  }
  throw new Error('It was not refused');
};

describe('the error for an invalid option', () => {
  it('is one sentence with the option, the expected type and the value', () => {
    const { message, code } = refusalOf(() => expectNumber('cpuPercent', 'high', 0, 100));
    expect(message).toBe('Expected `cpuPercent` to be a number from 0 to 100, got `"high"` (string)');
    expect(code).toBe('invalid-argument');
  });

  it.each([
    [NaN, 'got `NaN` (number)'],
    [undefined, 'got `undefined`'],
    [null, 'got `null`'],
    [[1, 2], 'got `[1,2]` (array)'],
    [{ a: 1 }, 'got `{"a":1}` (object)'],
    [() => 1, 'got a function'],
    [Symbol('s'), 'got a symbol'],
    [10n, 'got `10` (bigint)'],
    ['x'.repeat(100), `got \`"${'x'.repeat(59)}…\` (string)`],
    ['x'.repeat(59), `got \`"${'x'.repeat(59)}…\` (string)`],
    ['x'.repeat(58), `got \`"${'x'.repeat(58)}"\` (string)`],
  ])('shows the value %s', (value, ending) => {
    expect(refusalOf(() => expectNumber('x', value, 0, 1)).message).toContain(ending);
  });

  it('can be built for any value, also one that cannot be written as JSON', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const value of [circle, { big: 1n }]) {
      expect(refusalOf(() => expectNumber('x', value, 0, 1)).message).toContain('Expected `x`');
    }
    fc.assert(
      fc.property(fc.anything(), (value) => {
        fc.pre(!(typeof value === 'number' && value >= 0 && value <= 1));
        expect(refusalOf(() => expectNumber('x', value, 0, 1)).message.split('\n')).toHaveLength(1);
      }),
    );
  });
});

describe('expectNumber', () => {
  it('accepts exactly the finite numbers within the bounds', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        const fits = value >= 0 && value <= 100;
        if (fits) expect(expectNumber('x', value, 0, 100)).toBe(value);
        else expect(() => expectNumber('x', value, 0, 100)).toThrow(SelfHealingError);
      }),
    );
  });

  it('names only the lower bound if there is no upper one', () => {
    expect(refusalOf(() => expectNumber('load', -1, 0, Infinity)).message).toBe(
      'Expected `load` to be a number of at least 0, got `-1` (number)',
    );
  });
});

describe('a value that is as expected', () => {
  const { signal } = new AbortController();
  it.each<[string, (value: never) => unknown, unknown]>([
    ['the least number', (value) => expectNumber('x', value, 5, 7), 5],
    ['the greatest number', (value) => expectNumber('x', value, 5, 7), 7],
    ['true', (value) => expectBoolean('x', value), true],
    ['false', (value) => expectBoolean('x', value), false],
    ['a signal', (value) => expectSignal(value), signal],
    ['no signal', (value) => expectSignal(value), undefined],
    ['a text', (value) => expectText('x', value), 'a'],
    ['an array', (value) => expectArray('x', value), [7]],
    ['a known word', (value) => expectOneOf('x', value, ['a', 'b'], 'word'), 'b'],
  ])('is returned: %s', (_which, accept, value) => {
    expect(accept(value as never)).toBe(value);
  });

  it('may be a function or absent, where one is optional', () => {
    expect(() => expectFunction('x', undefined)).not.toThrow();
    expect(() => expectFunction('x', () => 1)).not.toThrow();
  });
});

describe('another value than', () => {
  it.each<[string, () => unknown, string]>([
    ['a signal', () => expectSignal({}), 'Expected `signal` to be an AbortSignal, got `{}` (object)'],
    ['a text', () => expectText('x', 7), 'Expected `x` to be a non-empty string, got `7` (number)'],
    [
      'a text with letters',
      () => expectText('x', ''),
      'Expected `x` to be a non-empty string, got `""` (string)',
    ],
    ['a function', () => expectFunction('x', 7), 'Expected `x` to be a function, got `7` (number)'],
    ['an array', () => expectArray('x', {}), 'Expected `x` to be an array, got `{}` (object)'],
    ['a known word', () => expectOneOf('x', 7, ['a'], 'word'), 'Unknown word `7` (number) in `x`; known: a'],
    ['one or nothing', () => expectArray('x', null), 'Expected `x` to be an array, got `null`'],
    ['one that exists', () => expectArray('x', undefined), 'Expected `x` to be an array, got `undefined`'],
    [
      'a word that fits into a line',
      () => expectOneOf('x', 'y'.repeat(61), ['a'], 'word'),
      `Unknown word \`${'y'.repeat(60)}\` in \`x\`; known: a`,
    ],
  ])('%s is refused in one sentence', (_which, accept, message) => {
    expect(refusalOf(accept).message).toBe(message);
  });
});

describe('expectBoolean', () => {
  it.each(['true', 1, 0, null])('refuses %s, which only resembles a boolean', (value) => {
    expect(() => expectBoolean('dryRun', value)).toThrow('Expected `dryRun` to be true or false');
  });
});

describe('expectObject', () => {
  it.each<[string, unknown, string]>([
    ['a Map', new Map([['dryRun', true]]), 'got `{}` (map)'],
    ['a Set', new Set(['dryRun']), 'got `{}` (set)'],
    ['a Date', new Date(0), 'got `"1970-01-01T00:00:00.000Z"` (date)'],
    ['an Error', new Error('x'), 'got `{}` (error)'],
    ['a Promise', Promise.resolve({}), 'got a Promise: is an `await` missing?'],
    ['a subclass of Map', new (class extends Map {})(), 'got `{}` (map)'],
    ['query parameters', new URLSearchParams('dryRun=true'), 'got `{}` (urlsearchparams)'],
    ['a RegExp', /x/, 'got `{}` (regexp)'],
  ])('refuses %s, whose content would be lost', (_what, value, got) => {
    expect(() => expectObject('options', value)).toThrow(`Expected \`options\` to be an object, ${got}`);
  });

  it('takes instances of classes, objects without a prototype and modules', async () => {
    class Options {
      dryRun = true;
    }
    const module: unknown = await import('node:path');
    const tagged = { [Symbol.toStringTag]: 'Options', dryRun: true };
    for (const value of [new Options(), tagged, Object.create(null), module])
      expect(expectObject('options', value)).toBe(value);
  });

  it.each([null, [], 'text', undefined])('refuses %s', (value) => {
    expect(() => expectObject('options', value)).toThrow('Expected `options` to be an object');
  });
});

describe('expectStrings', () => {
  it('names the invalid entry', () => {
    expect(() => expectStrings('protect', ['a', ''])).toThrow(
      'Expected `protect[1]` to be a non-empty string, got `""` (string)',
    );
    expect(() => expectStrings('protect', 'nginx')).toThrow('Expected `protect` to be an array of strings');
  });
});

describe('expectMethods', () => {
  it('names the missing method, also for null and undefined', () => {
    for (const value of [{ plan: () => 1 }, null, undefined, 5]) {
      expect(() => expectMethods('executor', value, ['plan', 'execute'])).toThrow(
        /Expected `executor` .*method `/,
      );
    }
  });

  it('accepts inherited methods', () => {
    class Base {
      read() {
        return 1;
      }
    }
    expect(() => expectMethods('host', new (class extends Base {})(), ['read'])).not.toThrow();
  });
});

describe('the suggestion for an unknown word', () => {
  it.each([
    ['cpu_percent', 'cpuPercent'],
    ['cpupercent', 'cpuPercent'],
    ['memoryPercnt', 'memoryPercent'],
  ])('for %s is %s', (given, meant) => {
    const known = ['cpuPercent', 'memoryPercent', 'diskPercent', 'loadAverage'];
    expect(refusalOf(() => expectKnownKeys('thresholds', { [given]: 1 }, known)).message).toBe(
      `Unknown option \`${given}\` in \`thresholds\`: did you mean \`${meant}\`?`,
    );
  });

  it.each<[string, string, string | undefined]>([
    ['cup', 'cpu', undefined],
    ['cpus', 'cpu', 'cpu'],
    ['cp', 'cpu', 'cpu'],
    ['hots', 'host', undefined],
    ['tihng', 'thing', 'thing'],
    ['abcde', 'abxyz', undefined],
    ['abcdefghi', 'abcdefxyz', 'abcdefxyz'],
    ['abcdefghi', 'abcdewxyz', undefined],
  ])(
    'allows one change in a short word, two in others, and a third of a long one: %s, %s',
    (word, known, meant) => {
      expect(nearest(word, [known])).toBe(meant);
    },
  );

  it('is the first of several that are equally close', () => {
    expect(nearest('tihng', ['thing', 'thong'])).toBe('thing');
  });

  it('is the only known word that begins with a shorter one', () => {
    const known = ['cpuPercent', 'memoryPercent', 'memorySwap'];
    const told = (word: string): string =>
      refusalOf(() => expectOneOf('thresholds', word, known, 'option')).message;
    expect(told('cpu')).toBe('Unknown option `cpu` in `thresholds`: did you mean `cpuPercent`?');
    expect(told('memory')).toBe(
      'Unknown option `memory` in `thresholds`; known: cpuPercent, memoryPercent, memorySwap',
    );
    expect(told('')).toBe('Unknown option `` in `thresholds`; known: cpuPercent, memoryPercent, memorySwap');
  });

  it('is the list of all known words if none is close', () => {
    expect(refusalOf(() => expectOneOf('scope', 'galaxy', ['host', 'process'], 'scope')).message).toBe(
      'Unknown scope `galaxy` in `scope`; known: host, process',
    );
  });

  it('is the word itself for a known word', () => {
    const known = ['clean_nix_store', 'restart_service', 'reload_service', 'none'];
    for (const word of known) expect(nearest(word, known)).toBe(word);
    expect(nearest('restart-service', known)).toBe('restart_service');
    expect(nearest('zzzzzz', known)).toBeUndefined();
  });
});
