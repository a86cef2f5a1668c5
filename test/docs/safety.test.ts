import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/guard/guards.js';
import { GATE_MEANINGS } from '../../src/guard/meaning.js';
import { BLOCK_REASONS } from '../../src/plan.js';

const page = new URL('../../docs/safety.md', import.meta.url);

/** A table as prettier leaves it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const gates = table(
  ['gate', 'stands in the way when', 'what comes next'],
  BLOCK_REASONS.map((reason) => [`\`${reason}\``, GATE_MEANINGS[reason].when, GATE_MEANINGS[reason].next]),
);

const numbers = table(
  ['option', 'default'],
  Object.entries(DEFAULT_GUARDS).flatMap(([group, values]: [string, Record<string, number>]) =>
    Object.entries(values).map(([key, value]) => [
      `\`guards.${group}.${key}\``,
      value.toLocaleString('en-US'),
    ]),
  ),
);

const between = (name: string, content: string, text: string): string =>
  text.replace(
    new RegExp(`<!-- ${name} -->[^]*?<!-- /${name} -->`),
    `<!-- ${name} -->\n\n${content}\n\n<!-- /${name} -->`,
  );

it('docs/safety.md has the gates and numbers of the code; UPDATE_DOCS=1 writes them', async () => {
  const text = await readFile(page, 'utf8');
  const wanted = between('numbers', numbers, between('gates', gates, text));
  if (process.env['UPDATE_DOCS']) await writeFile(page, wanted);
  else expect(text).toBe(wanted);
});
