import { chmod, chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileActBook } from '../../../src/service/helper/act-book.js';

const me = process.getuid?.() ?? 0;
const ACT = { at: 1, action: 'restart_service', targets: ['nginx.service'] };
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'act-book-'))));
afterEach(() => rm(folder, { recursive: true }));

describe('the act book', () => {
  it('is empty at first, and survives the process', async () => {
    expect(fileActBook(folder, me).read()).toEqual([]);
    const acts = [ACT, { ...ACT, boot: 'a', upMs: 1.5 }];
    await fileActBook(folder, me).write(acts);
    expect(fileActBook(folder, me).read()).toEqual(acts);
    expect(await readdir(folder)).toEqual(['acts.json']);
  });

  it.each(['', '{"version":1', '{"version":2,"acts":[]}', '{"version":1,"acts":[{"at":"now"}]}', '[]'])(
    'with the content %j is an error, not an empty book',
    async (text) => {
      await writeFile(join(folder, 'acts.json'), text);
      expect(() => fileActBook(folder, me).read()).toThrow();
    },
  );

  const FULL = {
    ...{ ...ACT, boot: 'a', upMs: 1.5, generation: { from: '/a', to: null } },
    ...{ undo: true as const, refused: 'why', approvedBy: 1_000 },
  };

  it('keeps every part of an act', async () => {
    await fileActBook(folder, me).write([FULL]);
    expect(fileActBook(folder, me).read()).toEqual([FULL]);
  });

  it.each<[string, unknown]>([
    ['at', 'now'],
    ['boot', 1],
    ['upMs', 'x'],
    ['action', null],
    ['targets', 'nginx.service'],
    ['targets', [1]],
    ['generation', { from: 1, to: null }],
    ['generation', { from: '/a', to: 1 }],
    ['undo', false],
    ['refused', true],
    ['approvedBy', 'root'],
  ])('with an act whose `%s` is %j is an error', async (key, value) => {
    const acts = [FULL, { ...FULL, [key]: value }];
    await writeFile(join(folder, 'acts.json'), JSON.stringify({ version: 1, acts }));
    expect(() => fileActBook(folder, me).read()).toThrow('it is not as it was written');
  });

  it('is not locked in a folder that others may write', async () => {
    await chmod(folder, 0o777);
    await expect(fileActBook(folder, me).lock()).rejects.toThrow(`${folder} can be written by others`);
    expect(await readdir(folder)).toEqual([]);
  });

  it.runIf(me === 0)('has to belong to root by default', async () => {
    await fileActBook(folder).write([ACT]);
    expect(fileActBook(folder).read()).toEqual([ACT]);
    await chown(join(folder, 'acts.json'), 1, 1);
    expect(() => fileActBook(folder).read()).toThrow('belongs to the user with uid 1, not to root');
  });

  it('is an error if others may write it', async () => {
    await fileActBook(folder, me).write([ACT]);
    await chmod(join(folder, 'acts.json'), 0o666);
    expect(() => fileActBook(folder, me).read()).toThrow('can be written by others');
  });

  it('keeps the old content if the new one cannot be written', async () => {
    await fileActBook(folder, me).write([ACT]);
    const before = await readFile(join(folder, 'acts.json'), 'utf8');
    await expect(fileActBook(join(folder, 'gone'), me).write([])).rejects.toThrow('ENOENT');
    expect(await readFile(join(folder, 'acts.json'), 'utf8')).toBe(before);
  });

  it('is locked by one helper at a time', async () => {
    const one = fileActBook(folder, me);
    const other = fileActBook(folder, me);
    await one.lock();
    await expect(other.lock()).rejects.toMatchObject({ code: 'locked' });
    await one.release();
    await other.lock();
    await other.release();
  });
});
