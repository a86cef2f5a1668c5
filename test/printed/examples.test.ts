import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../docs/blocks.js';
import { originals } from '../docs/originals.js';
import { rowsOf } from '../docs/table.js';
import { runProgram } from './run-program.js';

const names = readdirSync(join(root, 'examples')).flatMap((file) => /^(.+)\.ts$/.exec(file)?.[1] ?? []);

describe('an example ends with status 0 by its documented command', () => {
  test.each(names)('node examples/run.mjs %s', async (name) => {
    const stopAfterOutput = name === 'demo'; // It runs until it is stopped.
    const ended = await runProgram(['node', 'examples/run.mjs', name], { stopAfterOutput });
    expect(ended.status, ended.output).toBe(0);
    expect(ended.output).not.toBe('');
  });
});

describe('an example of the Python documentation prints the text in docs/from-python.md', () => {
  const rows = rowsOf(readFileSync(join(root, 'docs/from-python.md'), 'utf8'), 'Python documentation');

  test.each(originals)('node $file', async ({ file, translations }) => {
    const first = rows.findIndex(([, , , link]) => link?.includes(file));
    const cell = rows[first + translations.length - 1]?.[2] ?? '';
    const { status, output } = await runProgram(['node', file]);
    expect(status, output).toBe(0);
    const shown = [...cell.matchAll(/`([^`]+)`/g)].map(([, line]) => line);
    expect(shown.length).toBeGreaterThan(0);
    // Warnings of an example's logger are on standard error; the table has what it prints.
    expect(output.split('\n')).toEqual(expect.arrayContaining(shown));
  });
});
