import type { Dirent } from 'node:fs';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { directory, type DirectoryOptions } from '../../src/checks/index.js';
import { folder, verdictOf } from './house.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const failing = (code: string) =>
  Promise.reject(Object.assign(new Error(`${code}: said the kernel`), { code }));
const file = (name: string) => ({ name, isFile: () => true, isDirectory: () => false }) as Dirent;
/** Makes each folder list these files. */
function listing(files: () => readonly Dirent[]): void {
  vi.spyOn(fs, 'opendir').mockImplementation(() =>
    Promise.resolve(
      (async function* () {
        yield* files();
      })() as never,
    ),
  );
  syncBuiltinESMExports();
}
const judge = (path: string, options: Partial<DirectoryOptions> = {}) =>
  verdictOf(directory({ path, ...options }));

describe('the check directory', () => {
  it('is named after its path, and of a resource', () => {
    expect(directory({ path: '/var/backup' })).toMatchObject({
      name: 'directory:/var/backup',
      type: 'resource',
    });
  });

  it('needs a path', () => {
    expect(() => directory({} as DirectoryOptions)).toThrow('Expected `directory.path` to be given');
  });

  it('reports the unit of each number', async () => {
    const path = folder();
    writeFileSync(join(path, 'a'), 'xx');
    expect(await judge(path, { maxBytes: 2 })).toMatchObject({ status: 'ok', value: 2, valueUnit: 'B' });
    expect(await judge(path, { maxFiles: 1 })).toEqual({
      ...{ status: 'ok', reason: `directory:${path} has 1 files`, value: 1, threshold: 1 },
    });
  });

  it.each([
    [1_000_000, 1_000_000, 'ok'],
    [1_000_000, 999_999, 'bad'],
    // By a clock that was set back.
    [-50, 0, 'ok'],
  ])('judges the newest file of %d s with at most %d s', async (age, newestMaxAgeSeconds, status) => {
    const now = 1_800_000_000;
    vi.useFakeTimers({ toFake: ['Date'], now: now * 1_000 });
    const path = folder();
    writeFileSync(join(path, 'a'), 'x');
    utimesSync(join(path, 'a'), now - age, now - age);
    expect(await judge(path, { newestMaxAgeSeconds })).toMatchObject({ status, value: Math.max(0, age) });
  });

  it.each([
    [{ writable: true }, 'unknown', 'it is mounted read-only for this program'],
    [{ writable: false }, 'ok', 'is there'],
    [{}, 'ok', 'is there'],
  ])('asks the kernel whether it is writable only with %o', async (options, status, reason) => {
    vi.spyOn(fs, 'access').mockImplementation(() => failing('EROFS'));
    syncBuiltinESMExports();
    expect(await judge(folder(), options)).toMatchObject({
      ...{ status, reason: expect.stringContaining(reason) as string },
    });
  });

  it.each([
    [100_000, 'ok', 'has 100000 files'],
    [100_001, 'unknown', 'it has more than 100000 files'],
  ])('of %d files is %s', async (count, status, reason) => {
    listing(() => Array<Dirent>(count).fill(file('f')));
    expect(await judge(folder(), { minFiles: 1 })).toMatchObject({
      ...{ status, reason: expect.stringContaining(reason) as string },
    });
  });

  it('counts files that the kernel is slow to tell about, also when those after them are faster', async () => {
    const path = folder();
    writeFileSync(join(path, 'f'), 'x');
    const { stat } = fs;
    let asked = 0;
    vi.spyOn(fs, 'stat').mockImplementation((async (at: string) => {
      asked += 1;
      if (asked < 60) await new Promise((resolve) => setTimeout(resolve, 20));
      return stat(at);
    }) as never);
    listing(() => Array<Dirent>(70).fill(file('f')));
    expect(await judge(path, { maxBytes: 70 })).toMatchObject({ status: 'ok', value: 70 });
  });

  it('does not count a file that vanished before it was read', async () => {
    const path = folder();
    writeFileSync(join(path, 'here'), 'xx');
    listing(() => [file('gone'), file('here')]);
    expect(await judge(path, { maxBytes: 5 })).toMatchObject({
      ...{ status: 'ok', reason: `directory:${path} has 1 files, 2 B` },
    });
  });

  it.each(['ENOENT', 'ENOTDIR'])('does not count a folder below it that vanished (%s)', async (code) => {
    const path = folder();
    mkdirSync(join(path, 'inner'));
    writeFileSync(join(path, 'here'), 'xx');
    const { opendir } = fs;
    vi.spyOn(fs, 'opendir').mockImplementation((at, options) =>
      at === path ? opendir(at, options) : failing(code),
    );
    syncBuiltinESMExports();
    expect(await judge(path, { maxBytes: 5 })).toMatchObject({ status: 'ok', value: 2 });
  });

  it('is unknown if it vanished itself while it was read', async () => {
    vi.spyOn(fs, 'opendir').mockImplementation(() => failing('ENOENT'));
    syncBuiltinESMExports();
    expect(await judge(folder(), { minFiles: 0 })).toMatchObject({ status: 'unknown' });
  });

  it('is unknown, with the reason, if a folder below it may not be listed', async () => {
    const path = folder();
    mkdirSync(join(path, 'inner'));
    const { opendir } = fs;
    vi.spyOn(fs, 'opendir').mockImplementation((at, options) =>
      at === path ? opendir(at, options) : failing('EACCES'),
    );
    syncBuiltinESMExports();
    expect(await judge(path, { minFiles: 0 })).toEqual({
      ...{ status: 'unknown', reason: `directory:${path}: EACCES: said the kernel` },
    });
  });
});
