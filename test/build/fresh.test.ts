import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isFresh } from '../../.ci/build/fresh.mjs';

describe('`npm start` builds', () => {
  let root: string;
  const at = (path: string, seconds: number): void => utimesSync(join(root, path), seconds, seconds);
  const file = (path: string, seconds: number): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '');
    at(path, seconds);
  };
  const foldersAt = (seconds: number): void => {
    for (const folder of ['src', 'src/deep', '.ci/build']) at(folder, seconds);
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'fresh-'));
    for (const path of ['tsup.config.ts', 'tsconfig.json', 'package.json', 'package-lock.json'])
      file(path, 100);
    for (const path of ['src/index.ts', 'src/deep/one.ts', '.ci/build/build.mjs']) file(path, 100);
    foldersAt(100);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('without dist', () => expect(isFresh(root)).toBe(false));

  it('nothing if dist is newer than all its sources', () => {
    file('dist/index.js', 200);
    expect(isFresh(root)).toBe(true);
  });

  it.each(['src/index.ts', 'src/deep/one.ts', '.ci/build/build.mjs', 'package.json', 'package-lock.json'])(
    'if %s is newer than dist, or has the same time',
    (path) => {
      file('dist/index.js', 200);
      at(path, 200);
      expect(isFresh(root)).toBe(false);
      at(path, 201);
      expect(isFresh(root)).toBe(false);
    },
  );

  it('if a source was removed, or replaced by an older file', () => {
    file('dist/index.js', 200);
    file('old.ts', 50);
    renameSync(join(root, 'old.ts'), join(root, 'src/deep/one.ts'));
    expect(isFresh(root)).toBe(false);
    foldersAt(100);
    expect(isFresh(root)).toBe(true);
    rmSync(join(root, 'src/deep/one.ts'));
    expect(isFresh(root)).toBe(false);
  });
});
