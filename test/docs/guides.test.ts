import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HealingResult } from '@luminous-nix/self-healing';
import { describe, expect, it } from 'vitest';
import { root } from './blocks.js';
import { rowsOf, tablesOf } from './table.js';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('docs/how-it-works.md', () => {
  const page = read('docs/how-it-works.md');

  it('lists every room of src', () => {
    const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const listed = rowsOf(page, 'room').map(([room = '']) => room.replaceAll('`', ''));
    expect(listed.sort()).toEqual(rooms.map(({ name }) => name).sort());
  });

  it('names existing files and folders for each step', () => {
    const rows = rowsOf(page, 'step');
    expect(rows.length).toBeGreaterThan(8);
    for (const [step, , code = ''] of rows) {
      const paths = [...code.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
      expect(paths, step).not.toEqual([]);
      expect(
        paths.filter((path) => !existsSync(join(root, path))),
        step,
      ).toEqual([]);
    }
  });
});

describe('docs/glossary.md', () => {
  const page = read('docs/glossary.md');

  it('names importable values in the last column', () => {
    const doors = read('src/index.ts') + read('src/testing/index.ts');
    const rows = tablesOf(page)
      .filter(({ head }) => head[0] === 'term')
      .flatMap((table) => table.rows);
    expect(rows.length).toBeGreaterThan(40);
    const names = rows.flatMap(([, , cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(doors))).toEqual([]);
  });

  it('lists every outcome', () => {
    // The compiler rejects this object if an outcome is missing or unknown.
    const outcomes: Record<HealingResult['outcome'], true> = {
      ...{ fixed: true, ineffective: true, failed: true, skipped: true },
      ...{ planned: true, pending: true, 'pending-reboot': true },
    };
    const rows = rowsOf(page, 'outcome of a repair').map(([cell]) => cell);
    expect(rows).toEqual(Object.keys(outcomes).map((name) => `\`${name}\``));
  });
});

describe('CONTRIBUTING.md', () => {
  const page = read('CONTRIBUTING.md');
  const [, ...sections] = page.split(/^### /m);
  const additions = sections.filter((section) => section.startsWith('Add '));

  it('lists for each kind of addition the files to touch', () => {
    expect(additions.map((section) => section.split('\n')[0])).toEqual([
      'Add a built-in check',
      'Add a ready-made check',
      'Add an action',
      'Add a gate',
      'Add a metric',
      'Add a section to the dashboard',
    ]);
  });

  it.each(additions)('names at most five existing files, or new ones in existing folders: %s', (section) => {
    const [table] = tablesOf(section);
    const paths = (table?.rows ?? []).map(([path = '']) => path.replaceAll('`', ''));
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.length).toBeLessThanOrEqual(5);
    const missing = paths.filter((path) => !existsSync(join(root, path.replace(/\/[^/]*NAME[^/]*$/, ''))));
    expect(missing).toEqual([]);
  });
});
