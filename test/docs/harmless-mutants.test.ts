import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './blocks.js';

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

const folder = join(root, 'test/mutate/harmless');
const page = join(root, 'docs/test-survivors.md');
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

/** Groups lines by one of their columns. */
function groups(lines: readonly string[][], column: number): [value: string, lines: readonly string[][]][] {
  const values = [...new Set(lines.map((line) => line[column]!))];
  return values.map((value) => [value, lines.filter((line) => line[column] === value)]);
}

it('docs/test-survivors.md has every harmless mutant with its reason; UPDATE_DOCS=1 writes it', () => {
  const span = (code = ''): string => (code.includes('`') ? `\`\`${code}\`\`` : `\`${code}\``);
  const parts = groups(readdirSync(folder).sort().flatMap(linesOf), 0).map(([path, lines]) => {
    const items = groups(lines, 3).map(([reason, those]) => {
      const changes = those.map(([, before, after]) => `  - ${span(before)} → ${span(after)}`);
      return `- ${REASONS[reason]}:\n${changes.join('\n')}`;
    });
    return `## ${path}\n\n${items.join('\n')}`;
  });
  const text = `# Changes that no test notices, and why

Every mutant that no unit test notices, with the reason why it is harmless: file, code before, code after.
[How strong the tests are](test-strength.md) has the figures, and how to measure them.
This page is made from \`test/mutate/harmless\`.

${parts.join('\n\n')}
`;
  if (process.env['UPDATE_DOCS']) writeFileSync(page, text);
  else expect(readFileSync(page, 'utf8')).toBe(text);
});
