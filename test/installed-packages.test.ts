import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Node releases that the whole installed tree must accept; the first is the lowest that we promise. */
const PROMISED = ['20.19.0', '20.20.2', '22.12.0', '24.0.0', '26.0.0'];
const MAX_PACKAGES = 32;

interface Entry {
  readonly dev?: boolean;
}
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly engines?: Readonly<Record<string, string>>;
}
const json = (path: string): unknown =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8'));

const { packages } = json('package-lock.json') as { readonly packages: Readonly<Record<string, Entry>> };
const installed = Object.entries(packages).filter(([path]) => path.startsWith('node_modules/'));
const runtime = installed
  .filter(([, { dev }]) => !dev)
  .map(([path]) => json(`${path}/package.json`) as Manifest);

type Version = readonly [major: number, minor: number, patch: number];
const version = (text: string): Version =>
  text.split('.').map(Number).concat(0, 0).slice(0, 3) as unknown as Version;
const compare = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** Returns whether a range of `engines` accepts a version. Throws for unsupported syntax. */
function accepts(range: string, text: string): boolean {
  const given = version(text);
  return range.split('||').some((alternative) =>
    alternative
      .trim()
      .replace(/(>=|<=|[<>^~=])\s+/g, '$1')
      .split(/\s+/)
      .every((part) => {
        if (part === '*' || part === '') return true;
        const [, sign = '', digits] = /^(>=|<=|[<>^~=]?)v?(\d+(?:\.(?:\d+|x)){0,2})$/.exec(part) ?? [];
        if (digits === undefined) throw new Error(`the range ${JSON.stringify(range)} is not understood`);
        const parts = digits.split('.').filter((digit) => digit !== 'x');
        const low = version(parts.join('.'));
        const order = compare(given, low);
        if (sign === '>=') return order >= 0;
        if (sign === '<') return order < 0;
        if (sign === '>') return order > 0;
        if (sign === '<=') return order <= 0;
        const same = sign === '^' ? 1 : sign === '~' ? Math.min(parts.length, 2) : parts.length;
        return order >= 0 && given.slice(0, same).every((digit, at) => digit === low[at]);
      }),
  );
}

describe('a version range of `engines`', () => {
  it.each([
    ['>=20.19.0', '20.19.0', true],
    ['>=22.12.0', '20.19.0', false],
    ['>= 18', '20.19.0', true],
    ['^18.19.0 || >=20.5.0', '20.19.0', true],
    ['^18.19.0 || ^20.5.0', '22.12.0', false],
    ['^20.19.0 || ^22.13.0 || >=24', '22.12.0', false],
    ['16 || 18 || >=20 <25', '24.0.0', true],
    ['16 || 18 || >=20 <25', '26.0.0', false],
    ['20.x', '20.19.0', true],
    ['~22.11', '22.12.0', false],
    ['*', '26.0.0', true],
  ])('is evaluated: %s on %s is %s', (range, node, expected) => {
    expect(accepts(range, node)).toBe(expected);
  });

  it('that is not understood throws', () => {
    expect(() => accepts('latest', '20.19.0')).toThrow('is not understood');
  });
});

describe('the packages that are installed with the library', () => {
  const own = json('package.json') as Manifest;

  it('include the lowest Node version that the library promises', () => {
    expect(own.engines?.['node']).toBe(`>=${PROMISED[0]}`);
  });

  it.each(PROMISED)('accept Node %s', (node) => {
    const refusing = runtime
      .filter(({ engines }) => !accepts(engines?.['node'] ?? '*', node))
      .map(({ name, version: its, engines }) => `${name}@${its} wants ${engines?.['node']}`);
    expect(refusing).toEqual([]);
  });

  it(`are no more than ${MAX_PACKAGES}`, () => {
    expect(runtime.length).toBeGreaterThan(3);
    expect(runtime.length, runtime.map(({ name }) => name).join(' ')).toBeLessThanOrEqual(MAX_PACKAGES);
  });
});
