import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { GATE_MEANINGS } from '../../src/model/gate-texts.js';
import { PROTECTED_UNITS } from '../../src/gates/protected-units.js';
import { BLOCK_REASONS } from '../../src/model/plan.js';
import { between, table } from './table.js';

const page = new URL('../../docs/safety.md', import.meta.url);

const gates = table(
  ['gate', 'blocks a repair when', 'what comes next'],
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

const COLUMNS = [0, 1, 2, 3];
const units = PROTECTED_UNITS.map((name) => `\`${name}\``);
const protectedUnits = table(
  ['protected units', ...COLUMNS.slice(1).map(() => '')],
  units.flatMap((_, at) => (at % 4 === 0 ? [COLUMNS.map((column) => units[at + column] ?? '')] : [])),
);

it('docs/safety.md lists the gates, numbers and protected units of the code; UPDATE_DOCS=1 writes them', async () => {
  const text = await readFile(page, 'utf8');
  const wanted = [
    between.bind(undefined, 'gates', gates),
    between.bind(undefined, 'numbers', numbers),
    between.bind(undefined, 'protected', protectedUnits),
  ].reduce((page, put) => put(page), text);
  if (process.env['UPDATE_DOCS']) await writeFile(page, wanted);
  else expect(text).toBe(wanted);
});
