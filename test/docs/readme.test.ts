import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IssueType } from '@luminous-nix/self-healing';
import { expect, it } from 'vitest';
import { BUILT_IN_ACTIONS } from '../../src/actions/built-in.js';
import { allBlocks, root } from './blocks.js';
import { between, rowsOf } from './table.js';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const page = read('README.md');
const blocks = allBlocks().filter(({ at }) => at.startsWith('README.md'));
const programs = blocks.filter(({ language }) => language === 'js');

it.each(['README.md', 'docs/how-it-works.md'])(
  '%s shows the transcript of the system test; UPDATE_DOCS=1 writes it',
  (file) => {
    const text = read(file);
    const transcript = read('test/fixtures/kill-nginx.txt');
    expect(transcript.trimEnd().split('\n')).toHaveLength(7);
    const wanted = between('kill-nginx', `\`\`\`text\n${transcript}\`\`\``, text);
    if (process.env['UPDATE_DOCS']) writeFileSync(join(root, file), wanted);
    else expect(text).toBe(wanted);
  },
);

it('the README names the three categories, and every built-in action once', () => {
  const rows = rowsOf(page, 'category');
  expect(rows.map(([category]) => category)).toEqual(Object.keys(IssueType).map((name) => `\`${name}\``));
  const actions = rows.flatMap(([, , cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(actions.sort()).toEqual(Object.keys(BUILT_IN_ACTIONS).sort());
});

it('the README has three programs of at most six lines', () => {
  const lengths = programs.map(({ code }) => code.split('\n').filter(Boolean).length);
  expect(lengths).toHaveLength(3);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(6);
});

it('the README gives for every documented figure the measurement, whether it was met, and the machine', () => {
  const rows = rowsOf(page, 'claimed');
  expect(rows.length).toBeGreaterThanOrEqual(7);
  for (const [claimed, measured, verdict, on] of rows) {
    expect(verdict, claimed).toMatch(/met|missed/);
    expect(
      [measured, on].every((cell) => (cell ?? '').length > 10),
      claimed,
    ).toBe(true);
  }
});

it('the README has the scrape configuration of docs/monitoring/prometheus.yml', () => {
  const yaml = blocks.filter(({ language }) => language === 'yaml').map(({ code }) => code);
  expect(yaml).toHaveLength(1);
  expect(read('docs/monitoring/prometheus.yml').endsWith(yaml[0]!)).toBe(true);
});

it('the README has NixOS lines whose values are the defaults of the module', () => {
  const [nix] = blocks.filter(({ language }) => language === 'nix');
  const module = read('nix/module.nix');
  for (const [, name, value] of nix!.code.matchAll(/^ {4}(\w+) = (\d+);/gm))
    expect(module).toContain(`${name} = percent ${value} `);
  expect(nix!.code).toContain('interval = 60;');
  expect(module).toMatch(/interval = mkOption \{[^}]*default = 60;/);
});
