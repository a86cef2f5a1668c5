import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './blocks.js';
import { between, table } from './table.js';

interface Result {
  readonly data: object;
}
type Section = string | { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
interface Bench {
  readonly recorded: (part: string) => Result | undefined;
  readonly origin: (result: Result) => string;
  readonly SECTIONS: Readonly<Record<string, (data: object) => readonly Section[]>>;
  readonly recordedTargets: (results: Readonly<Record<string, Result>>) => object;
}
const load = async (name: string) => (await import(join(root, 'bench', name))) as Bench;
const page = join(root, 'docs/performance.md');

it('docs/performance.md has what bench/results has, with its commit and machine; UPDATE_DOCS=1 writes it', async () => {
  const { recorded } = await load('recorded.mjs');
  const { origin, SECTIONS } = await load('print.mjs');
  const { recordedTargets } = await load('targets.mjs');
  const results = Object.fromEntries(
    Object.keys(SECTIONS).flatMap((part) => {
      const result = recorded(part);
      return result === undefined ? [] : [[part, result]];
    }),
  );
  const markdown = (sections: readonly Section[]) =>
    sections.map((section) => (typeof section === 'string' ? section : table(section.head, section.rows)));
  const text = readFileSync(page, 'utf8');
  let wanted = between('goals', markdown(SECTIONS['goals']!(recordedTargets(results))).join('\n\n'), text);
  for (const [part, result] of Object.entries(results))
    wanted = between(part, [origin(result), ...markdown(SECTIONS[part]!(result.data))].join('\n\n'), wanted);
  if (process.env['UPDATE_DOCS']) writeFileSync(page, wanted);
  else expect(text).toBe(wanted);
});
