import { execFileSync } from 'node:child_process';
import { mkdtemp, open, readdir, readFile, rm, symlink, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createFile,
  NotRegularError,
  openRegular,
  readAtMost,
  readStart,
  replaceFile,
} from '../../src/memory/regular-file.js';
import { endSteps, failing, real, Steps } from './steps.js';

let folder: string;
let file: string;
let steps: Steps;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'regular-'));
  file = join(folder, 'state.json');
  steps = new Steps(folder);
});
afterEach(async () => {
  endSteps();
  await rm(folder, { recursive: true });
});
/** Nothing is left to do, and no file is open. */
const expectEnded = () => expect([steps.running, steps.open]).toEqual([0, 0]);

describe('a regular file that is opened', () => {
  beforeEach(() => writeFile(file, 'text'));

  it.each([
    ['a directory', () => real.mkdir(file)],
    ['a FIFO', () => execFileSync('mkfifo', [file])],
  ])('is refused and closed if it became %s just before', async (what, make) => {
    steps.before('open state.json', async () => {
      await real.rm(file);
      await make();
    });
    await expect(openRegular(file)).rejects.toThrow(new NotRegularError(`it is ${what}, not a regular file`));
    expectEnded();
  });

  it('is not followed if it became a symbolic link just before', async () => {
    await writeFile(join(folder, 'target'), 'of a person');
    steps.before('open state.json', async () => {
      await real.rm(file);
      await symlink(join(folder, 'target'), file);
    });
    await expect(openRegular(file)).rejects.toMatchObject({ code: 'ELOOP' });
    expectEnded();
  });

  it('is missing if it vanished just before', async () => {
    steps.before('open state.json', () => real.rm(file));
    expect(await openRegular(file)).toBeUndefined();
  });

  it('is refused and closed if its kind cannot be read', async () => {
    steps.before('stat state.json', () => failing('EIO'));
    await expect(openRegular(file)).rejects.toMatchObject({ code: 'EIO' });
    expectEnded();
  });
});

describe('the content of an open file', () => {
  let handle: FileHandle;
  beforeEach(async () => {
    await writeFile(file, '0123456789');
    handle = await open(file, 'r');
  });
  afterEach(() => handle.close());
  /** The file, of which the kernel returns two bytes at a time. */
  const inPieces = () =>
    ({
      stat: () => handle.stat(),
      read: (bytes: Buffer, offset: number, length: number, position: number) =>
        handle.read(bytes, offset, Math.min(length, 2), position),
    }) as unknown as FileHandle;

  it.each([
    [4, '0123'],
    [10, '0123456789'],
    [11, '0123456789'],
    [100, '0123456789'],
  ])('is read up to %i bytes, in one piece or in several', async (most, text) => {
    expect((await readStart(handle, most)).toString()).toBe(text);
    expect((await readStart(inPieces(), most)).toString()).toBe(text);
  });

  it('may be as large as the limit, and not one byte larger', async () => {
    expect(await readAtMost(handle, 10)).toBe('0123456789');
    await expect(readAtMost(handle, 9)).rejects.toThrow('it is larger than 9 bytes');
  });
});

describe('a file that is replaced', () => {
  const WRITTEN = ['writeFile state.json.*.tmp', 'sync state.json.*.tmp'];
  const RENAMED = 'rename state.json.*.tmp state.json';

  it('is flushed before it gets its name, and its folder after that, one step at a time', async () => {
    await writeFile(file, 'old');
    await replaceFile(file, 'new');
    expectEnded();
    expect(steps.atOnce).toBe(1);
    expect(steps.changes).toEqual([...WRITTEN, RENAMED, 'sync .']);
    expect(await readFile(file, 'utf8')).toBe('new');
  });

  it.each([
    ['written', WRITTEN[0]!, 'ENOSPC'],
    ['flushed', WRITTEN[1]!, 'EIO'],
    ['renamed', RENAMED, 'EACCES'],
  ])('keeps its content, and no temporary file, if the new one cannot be %s', async (_what, step, code) => {
    await writeFile(file, 'old');
    steps.before(step, () => failing(code));
    await expect(replaceFile(file, 'new')).rejects.toMatchObject({ code });
    expectEnded();
    expect(await readdir(folder)).toEqual(['state.json']);
    expect(await readFile(file, 'utf8')).toBe('old');
  });

  it('closes its folder if that cannot be flushed, and reports it', async () => {
    steps.before('sync .', () => failing('EIO'));
    await expect(replaceFile(file, 'new')).rejects.toMatchObject({ code: 'EIO' });
    expectEnded();
  });
});

describe('a file that is created', () => {
  it.each([
    [true, ['writeFile state.json', 'sync state.json']],
    [false, ['writeFile state.json']],
  ])('is flushed only on request: %s', async (flush, changes) => {
    await createFile(file, 'text', { flush });
    expectEnded();
    expect(steps.atOnce).toBe(1);
    expect(steps.changes).toEqual(changes);
    expect(await readFile(file, 'utf8')).toBe('text');
  });

  it('is refused if the name exists, and what is there is unchanged', async () => {
    await writeFile(file, 'of a person');
    await expect(createFile(file, 'text', { flush: false })).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(file, 'utf8')).toBe('of a person');
  });
});
