import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/guard/guards.js';
import { GATE_MEANINGS } from '../../src/guard/meaning.js';
import { BLOCK_REASONS } from '../../src/plan.js';
import { between, table } from './table.js';

const page = new URL('../../docs/safety.md', import.meta.url);

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

it('docs/safety.md has the gates and numbers of the code; UPDATE_DOCS=1 writes them', async () => {
  const text = await readFile(page, 'utf8');
  const wanted = between('numbers', numbers, between('gates', gates, text));
  if (process.env['UPDATE_DOCS']) await writeFile(page, wanted);
  else expect(text).toBe(wanted);
});
