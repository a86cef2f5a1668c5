import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './blocks.js';

it('docs/threat-model.md names existing tests for every attack', () => {
  const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');
  const [, ...sections] = page.split(/^## /m);
  const tables = sections.filter((section) => section.includes('| held by '));
  expect(tables.length).toBe(4);
  for (const table of tables) {
    const rows = table
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .slice(2);
    expect(rows.length).toBeGreaterThan(4);
    for (const row of rows) {
      const tests = row.match(/`test\/[^`]+`/g) ?? [];
      expect(tests, row).not.toEqual([]);
      for (const test of tests) expect(existsSync(join(root, test.slice(1, -1))), test).toBe(true);
    }
  }
});
