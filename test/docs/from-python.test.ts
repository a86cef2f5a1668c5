import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { root } from './blocks.js';
import { originals } from './originals.js';
import { NONE, PYTHON_NAMES } from './python-names.js';
import { between, table, tablesOf } from './table.js';

const page = join(root, 'docs/from-python.md');

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Runs an example and returns the lines that it prints. */
async function printedBy(file: string): Promise<string[]> {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((...words: unknown[]) => {
    lines.push(words.map(String).join(' '));
  });
  vi.stubEnv('LUMINOUS_DEV_MODE', undefined); // Restored afterwards, whatever the example sets.
  await import(join(root, file));
  vi.restoreAllMocks();
  return lines;
}

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;

it('docs/from-python.md shows what each translated example prints; UPDATE_DOCS=1 writes it', async () => {
  const rows: string[][] = [];
  for (const { file, translations } of originals) {
    const output = (await printedBy(file)).map(code).join('<br>');
    expect(translations.length, file).toBeGreaterThan(0);
    for (const [index, { was, here }] of translations.entries()) {
      const isLast = index === translations.length - 1;
      rows.push([code(was), code(here), isLast ? output : '', index === 0 ? link(file) : '']);
    }
  }
  const text = readFileSync(page, 'utf8');
  const wanted = between(
    'originals',
    table(['Python documentation', 'here', 'prints', 'example'], rows),
    text,
  );
  if (process.env['UPDATE_DOCS']) writeFileSync(page, wanted);
  else expect(text).toBe(wanted);
}, 60_000);

const link = (file: string): string => `[${file.slice(file.lastIndexOf('/') + 1, -4)}](../${file})`;

describe('a public name of the Python system', () => {
  const tables = tablesOf(readFileSync(page, 'utf8')).filter(({ head }) => head[0] === 'Python');
  const rows = tables.flatMap(({ rows: found }) => found);
  /** Returns whether a cell has the name in code font, with or without its object and arguments. */
  const names = (cell: string, name: string): boolean =>
    [...cell.matchAll(/`([^`]+)`/g)].some(([, text = '']) =>
      new RegExp(`(^|[.'])${name.replaceAll('.', String.raw`\.`)}($|[^\\w])`).test(text),
    );

  it.each([...PYTHON_NAMES])(
    'has a row with its equivalent or the reason why there is none: %s',
    (name, find) => {
      const found = rows.filter(([python = '']) => names(python, name));
      expect(found).not.toEqual([]);
      const [, here = '', why = ''] = found[0]!;
      if (find === NONE) {
        expect(here).toBe('none');
        expect(why).not.toBe('');
      } else {
        expect(find()).toBeDefined();
        expect(here).toContain('`');
      }
    },
  );

  it('is in the tested list if the page contains it', () => {
    const unknown = rows.filter(
      ([python = '']) => ![...PYTHON_NAMES.keys()].some((name) => names(python, name)),
    );
    // Not names of the package: a value, and names of the NixOS module that other tests cover.
    expect(unknown.map(([python]) => python)).toEqual([
      'component `disk`',
      '`none`',
      '`services.luminous-healing`',
      '`enable`, `interval`, `thresholds.cpu`, `thresholds.memory`, `thresholds.disk`',
    ]);
  });
});
