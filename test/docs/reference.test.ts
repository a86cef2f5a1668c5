import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as checks from '@luminous-nix/self-healing/checks';
import * as dashboard from '@luminous-nix/self-healing/dashboard';
import * as library from '@luminous-nix/self-healing';
import * as prometheus from '@luminous-nix/self-healing/prometheus';
import * as testing from '@luminous-nix/self-healing/testing';
import { describe, expect, it } from 'vitest';
import { root } from './blocks.js';
import { rowsOf } from './table.js';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const json = (file: string): unknown => JSON.parse(read(file));
const { exports, name } = json('package.json') as { exports: Record<string, object>; name: string };
const doors = Object.keys(exports)
  .filter((path) => path !== './package.json')
  .map((path) => `${name}${path.slice(1)}`);
const { entryPoints, readme } = json('typedoc.json') as { entryPoints: string[]; readme: string };

describe('the API reference', () => {
  it('has one module for each importable path, with that name', () => {
    const modules = entryPoints.map((file) => /^ \* @module \\(\S+)$/m.exec(read(file))?.[1]);
    expect(modules.sort()).toEqual([...doors].sort());
  });

  it('has a start page that lists each module and importable names', () => {
    const page = read(readme);
    expect(rowsOf(page, 'module').map(([module]) => module)).toEqual(
      [...doors].sort().map((door) => `\`${door}\``),
    );
    const text = entryPoints.map(read).join();
    const named = rowsOf(page, 'you want to …').flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)]);
    expect(
      named.map(([, word = '']) => word).filter((word) => word !== 'testing' && !text.includes(word)),
    ).toEqual([]);
  });
});

describe('an exported class', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(`src/${file}`));
  const isClass = (value: unknown): value is { readonly name: string } =>
    typeof value === 'function' && Function.prototype.toString.call(value).startsWith('class ');
  const classes = new Set(
    [library, checks, dashboard, prometheus, testing].flatMap((door) => Object.values<unknown>(door)),
  );
  const names = [...classes].filter(isClass).map(({ name: one }) => one);

  it('is in the list of this test', () => {
    expect(names.length).toBeGreaterThanOrEqual(7);
  });

  it.each(names)('has an example in its doc comment, which runs as printed: %s', (one) => {
    const comments = sources.flatMap(
      (text) => new RegExp(`(/\\*\\*(?:(?!\\*/)[^])*\\*/)\\nexport class ${one}\\b`).exec(text)?.[1] ?? [],
    );
    expect(comments).toHaveLength(1);
    expect(comments[0]).toMatch(/^ \* @example\n \* ```js$/m);
  });
});
