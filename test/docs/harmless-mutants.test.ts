import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Mutant {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}
// Plain scripts without types.
const script = (name: string): string => new URL(`../mutate/${name}.mjs`, import.meta.url).href;
const { mutantsOf } = (await import(script('mutants'))) as {
  mutantsOf(path: string, source: string): readonly Mutant[];
};
const { keyOf, REASONS } = (await import(script('harmless'))) as {
  keyOf(mutant: { path: string; before: string; text: string }): string;
  readonly REASONS: Readonly<Record<string, string>>;
};

const folder = 'test/mutate/harmless';
const linesOf = (name: string): string[][] =>
  readFileSync(`${folder}/${name}`, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'));

it.each(readdirSync(folder))(
  'each line of the harmless mutants in %s is a change of the present source, with a reason',
  (name) => {
    const keys = new Map<string, ReadonlySet<string>>();
    const known = (path: string): ReadonlySet<string> => {
      if (!keys.has(path)) {
        const source = readFileSync(path, 'utf8');
        const made = mutantsOf(path, source).map(({ start, end, text }) =>
          keyOf({ path, before: source.slice(start, end), text }),
        );
        keys.set(path, new Set(made));
      }
      return keys.get(path)!;
    };
    const stale = linesOf(name).filter(
      ([path = '', before, after, reason = '', ...more]) =>
        more.length > 0 ||
        !Object.hasOwn(REASONS, reason) ||
        !known(path).has([path, before, after].join('\t')),
    );
    expect(stale.map((line) => line.join(' | '))).toEqual([]);
  },
);
