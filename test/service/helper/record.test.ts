import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { NO_GENERATIONS } from '../../../src/memory/generations.js';
import { EMPTY_STATE } from '../../../src/memory/state.js';
import { readRecord } from '../../../src/service/helper/record.js';

const folder = mkdtempSync(join(tmpdir(), 'record-'));
afterAll(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);
function file(name: string, text: string): string {
  writeFileSync(place(name), text);
  return place(name);
}
const GOOD = file('state.json', JSON.stringify(EMPTY_STATE));

it('readRecord returns the recorded systems', () => {
  expect(readRecord(GOOD)).toEqual(NO_GENERATIONS);
});

it('readRecord follows no link, never blocks, and reads no more than the size limit', () => {
  symlinkSync(GOOD, place('link'));
  execFileSync('mkfifo', [place('fifo')]);
  truncateSync(file('large', ''), 5 * 1024 ** 2);
  const why = (name: string) => (readRecord(place(name)) as { readonly unknown: string }).unknown;
  expect(why('link')).toMatch(/cannot be used: .* is a link/);
  expect(why('fifo')).toMatch(/not a regular file/);
  expect(why('.')).toMatch(/not a regular file/);
  expect(why('large')).toMatch(/larger than 4194304 bytes/);
  expect(why('absent')).toMatch(/ENOENT/);
});

it('readRecord reads a record of 4 MiB, and nothing larger', () => {
  const text = JSON.stringify(EMPTY_STATE).padEnd(4 * 1024 ** 2);
  expect(readRecord(file('full', text))).toEqual(NO_GENERATIONS);
  const path = file('over', `${text} `);
  expect(readRecord(path)).toEqual({
    unknown: `the record ${path} cannot be used: ${path} is larger than 4194304 bytes`,
  });
});

it('readRecord reveals nothing of a file that is not a record', () => {
  const read = JSON.stringify([
    readRecord(file('shadow', 'root:secret:1')),
    readRecord(file('json', '{"version":"secret"}')),
  ]);
  expect(read).not.toContain('root');
  expect(read).not.toContain('secret');
});
