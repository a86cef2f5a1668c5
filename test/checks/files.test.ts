import { appendFileSync, mkdirSync, mkdtempSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { directory, file, type DirectoryOptions, type FileOptions } from '../../src/checks/index.js';
import { newFrom, readFrom, wholeLines } from '../../src/checks/file-read.js';
import { readSecret } from '../../src/checks/secret.js';
import { folder, verdictOf } from './house.js';

const NOW = 1_800_000_000_000;
const MIB = 1024 * 1024;
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const root = folder();
const fresh = (): string => mkdtempSync(join(root, 'x'));
/** Creates a file that was modified so many seconds before {@link NOW}. */
function written(content: string | Buffer, ageSeconds = 0, at = join(fresh(), 'a')): string {
  writeFileSync(at, content);
  const seconds = NOW / 1_000 - ageSeconds;
  utimesSync(at, seconds, seconds);
  return at;
}
const digestOf = (content: string): string => createHash('sha256').update(content).digest('hex');

describe('the check file', () => {
  const path = written('7 of 9\n', 90);
  const name = `file:${path}`;
  const judge = async (options: Partial<FileOptions>) => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW });
    return verdictOf(file({ path, ...options }));
  };

  it.each<[string, Partial<FileOptions>, object]>([
    ['is there', {}, { status: 'ok', reason: `${name} is there, 7 B` }],
    ['is as large as allowed', { maxBytes: 7 }, { status: 'ok', value: 7, threshold: 7, valueUnit: 'B' }],
    ['is too large', { maxBytes: 6 }, { status: 'bad', reason: `size of ${name} is 7 B, over 6 B` }],
    ['is as small as allowed', { minBytes: 7 }, { status: 'ok', value: 7 }],
    ['is too small', { minBytes: 8 }, { status: 'bad', reason: `size of ${name} is 7 B, under 8 B` }],
    ['is as old as allowed', { maxAgeSeconds: 90 }, { status: 'ok', value: 90, valueUnit: 's' }],
    [
      'is too old',
      { maxAgeSeconds: 89 },
      { status: 'bad', reason: `age of ${name} is 1 min 30 s, over 1 min 29 s`, value: 90, threshold: 89 },
    ],
    ['is as young as allowed', { minAgeSeconds: 90 }, { status: 'ok', value: 90 }],
    ['is too young', { minAgeSeconds: 91 }, { status: 'bad', threshold: 91 }],
    ['has its number', { number: { min: 7, max: 7 } }, { status: 'ok', value: 7 }],
    ['has a number out of bounds', { number: { min: 8 } }, { reason: `number in ${name} is 7, under 8` }],
    ['is searched for what it lacks', { lacks: 'of' }, { status: 'bad', reason: `${name} has "of" in it` }],
    ['must not be there', { exists: false }, { status: 'bad', reason: `${name} is there` }],
    ['may be there', { exists: true }, { status: 'ok' }],
    ['has its digest', { sha256: digestOf('7 of 9\n').toUpperCase() }, { status: 'ok' }],
    [
      'has another digest',
      { sha256: digestOf('') },
      { status: 'bad', reason: `${name} has the SHA-256 ${digestOf('7 of 9\n').slice(0, 12)}…` },
    ],
    ['has another mode', { mode: '0000' }, { status: 'bad' }],
    ['is writable', { writable: true, unchanged: true }, { status: 'ok' }],
  ])('judges a file that %s', async (_what, options, verdict) =>
    expect(await judge(options)).toMatchObject(verdict),
  );

  it.each<[string, object, object]>([
    [join(root, 'gone'), {}, { status: 'bad', reason: `file:${root}/gone is not there` }],
    [
      join(root, 'gone'),
      { exists: false, contains: 'x' },
      { status: 'ok', reason: `file:${root}/gone is not there` },
    ],
    [`${path}/below`, {}, { status: 'bad', reason: `file:${path}/below is not there` }],
    [root, {}, { status: 'bad', reason: `file:${root} is not a file` }],
  ])('judges %s with %o', async (at, options, verdict) =>
    expect(await verdictOf(file({ path: at, ...options }))).toEqual(verdict),
  );

  it('is named after its path, and about a resource', () =>
    expect(file({ path })).toMatchObject({ name, component: name, type: 'resource' }));

  it.each([
    [{ writable: true }, 'unknown', 'it is mounted read-only for this program'],
    [{ writable: false }, 'ok', 'is there'],
    [{}, 'ok', 'is there'],
  ])('asks the kernel whether it is writable only with %o', async (options, status, reason) => {
    vi.spyOn(fs, 'access').mockRejectedValue(Object.assign(new Error('read-only'), { code: 'EROFS' }));
    syncBuiltinESMExports();
    expect(await judge(options)).toMatchObject({
      ...{ status, reason: expect.stringContaining(reason) as string },
    });
  });

  it('is read only when something in it is asked for', async () => {
    vi.spyOn(fs, 'open').mockRejectedValue(new Error('permission denied'));
    syncBuiltinESMExports();
    expect(await judge({ maxBytes: 7, mode: '0644' })).toMatchObject({ status: 'ok', value: 7 });
    expect(await judge({ contains: '7' })).toMatchObject({
      ...{ status: 'unknown', reason: `${name}: permission denied` },
    });
  });

  it('searches the last 1 MiB', async () => {
    const at = written('needle');
    truncateSync(at, MIB + 5);
    expect((await verdictOf(file({ path: at, lacks: 'eedle' }))).status).toBe('ok');
    truncateSync(at, MIB);
    writeFileSync(at, 'needle');
    truncateSync(at, MIB);
    expect((await verdictOf(file({ path: at, contains: 'needle' }))).status).toBe('ok');
    appendFileSync(at, '!');
    expect((await verdictOf(file({ path: at, contains: 'needle' }))).status).toBe('bad');
    expect((await verdictOf(file({ path: at, contains: 'eedle' }))).status).toBe('ok');
  });

  it('compares files of up to 64 MiB', async () => {
    const at = written('');
    truncateSync(at, 64 * MIB + 1);
    const why = {
      status: 'unknown',
      reason: `file:${at}: it has 64.0 MiB, and at most 64.0 MiB are compared`,
    };
    expect(await verdictOf(file({ path: at, sha256: '0'.repeat(64) }))).toEqual(why);
    expect(await verdictOf(file({ path: at, unchanged: true }))).toEqual(why);
    expect((await verdictOf(file({ path: at }))).status).toBe('ok');
  });

  it('compares with its content in the first run, whatever came between', async () => {
    const at = written('one');
    const check = file({ path: at, unchanged: true });
    const all: string[] = [];
    for (const content of ['one', 'two', 'two', 'one']) {
      writeFileSync(at, content);
      all.push((await verdictOf(check)).reason);
    }
    const changed = `file:${at} has changed since the first run`;
    expect(all).toEqual([`file:${at} is there, 3 B`, changed, changed, `file:${at} is there, 3 B`]);
  });

  it('compares with a digest only where that is asked for', async () => {
    const at = written('one');
    const check = file({ path: at, sha256: digestOf('two') });
    expect((await verdictOf(check)).status).toBe('bad');
    writeFileSync(at, 'two');
    expect((await verdictOf(check)).status).toBe('ok');
  });

  it('tells how fast its number and its size grow', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const at = written('100\n');
    const rate = file({ path: at, perSecond: { max: 10 } });
    const growth = file({ path: at, maxGrowthBytesPerHour: 7_200 });
    expect(await verdictOf(rate)).toMatchObject({
      ...{ status: 'unknown', reason: `growth of file:${at} a second is not known: it needs two readings` },
    });
    expect((await verdictOf(growth)).status).toBe('unknown');
    vi.advanceTimersByTime(2_000);
    writeFileSync(at, '0120\nxx\n');
    expect(await verdictOf(rate)).toMatchObject({ status: 'ok', value: 10, threshold: 10 });
    expect(await verdictOf(growth)).toMatchObject({ status: 'ok', value: 7_200, valueUnit: 'B' });
    vi.advanceTimersByTime(2_000);
    writeFileSync(at, '0145\nxxxxxxx\n');
    expect(await verdictOf(rate)).toMatchObject({
      ...{ status: 'bad', reason: `growth of file:${at} a second is 12.5, over 10.0` },
    });
    expect(await verdictOf(growth)).toMatchObject({ status: 'bad', value: 9_000 });
    writeFileSync(at, 'none');
    expect(await verdictOf(rate)).toEqual({
      ...{ status: 'unknown', reason: `file:${at}: there is no number in it` },
    });
  });

  it('says that new lines of a log have what they must not', async () => {
    const at = written('old panic\n');
    const check = file({ path: at, lacks: 'panic', onlyNew: true });
    expect((await verdictOf(check)).status).toBe('ok');
    appendFileSync(at, 'new panic\n');
    expect(await verdictOf(check)).toMatchObject({ reason: `file:${at} has "panic" in its new lines` });
    // Of much that is new, the last 1 MiB.
    appendFileSync(at, `panic\n${'x\n'.repeat(MIB / 2)}`);
    expect((await verdictOf(check)).status).toBe('ok');
    // A line without an end, longer than what is read, is no reason to read it for ever.
    appendFileSync(at, `${'y'.repeat(MIB)}panic`);
    expect((await verdictOf(check)).status).toBe('bad');
    expect((await verdictOf(check)).status).toBe('ok');
  });
});

describe('the bytes of a file', () => {
  const at = written(`${'a'.repeat(70_000)}end`);

  it.each([
    [0, 5, 'aaaaa'],
    [69_999, 100, 'aend'],
    [70_000, 2, 'en'],
    [70_003, 5, ''],
    [0, 0, ''],
  ])('are read from %d on, at most %d', async (from, most, text) =>
    expect((await readFrom(at, from, most)).toString()).toBe(text),
  );

  it('are read over several chunks', async () => {
    const read = await readFrom(at, 1, 70_001);
    expect([read.length, read.toString().slice(-3)]).toEqual([70_001, 'aen']);
  });

  it('cannot be told when closing the file fails', async () => {
    const { open } = fs;
    vi.spyOn(fs, 'open').mockImplementation(async (path, flags) => {
      const handle = await open(path, flags);
      const { close } = handle;
      handle.close = async () => {
        await close.call(handle);
        throw new Error('the network is gone');
      };
      return handle;
    });
    syncBuiltinESMExports();
    await expect(readFrom(at, 0, 5)).rejects.toThrow('the network is gone');
  });

  it('cannot be told when it is not there', async () =>
    expect(readFrom(join(root, 'gone'), 0, 1)).rejects.toThrow('ENOENT'));

  it.each([
    ['the first time at its end', 100, undefined, 100],
    ['later at the last whole line', 100, { inode: 1, to: 60 }, 60],
    ['at its end when nothing is new', 100, { inode: 1, to: 100 }, 100],
    ['at its beginning when it is shorter than before', 100, { inode: 1, to: 101 }, 0],
    ['at its beginning when it is another file', 100, { inode: 2, to: 60 }, 0],
  ])('new ones begin %s', (_when, size, before, from) =>
    expect(newFrom({ ino: 1, size }, before)).toBe(from),
  );

  it.each([
    ['one\ntwo', 'one\n'],
    ['one\ntwo\n', 'one\ntwo\n'],
    ['one', ''],
    ['', ''],
  ])('whole lines of %j are %j', (read, lines) =>
    expect(wholeLines(Buffer.from(read)).toString()).toBe(lines),
  );

  it('are a secret without the line end', async () => {
    expect(await readSecret('as it is\n')).toBe('as it is\n');
    expect(await readSecret({ file: written('  sesame \r\n') })).toBe('  sesame');
    await expect(readSecret({ file: '/nowhere/key' })).rejects.toThrow(
      'the file of a secret cannot be read: ',
    );
  });
});

describe('the check directory', () => {
  const path = fresh();
  mkdirSync(join(path, 'inner'));
  written('12345', 400, join(path, 'old.dump'));
  written('123', 100, join(path, 'inner', 'new.dump'));
  written('1', 300, join(path, 'a.tmp'));
  const at = NOW / 1_000 - 50;
  utimesSync(path, at, at);
  const name = `directory:${path}`;
  const judge = async (options: Partial<DirectoryOptions>) => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW });
    return verdictOf(directory({ path, ...options }));
  };

  it.each<[string, Partial<DirectoryOptions>, object]>([
    ['is there', {}, { status: 'ok', reason: `${name} is there` }],
    ['must not be there', { exists: false }, { status: 'bad', reason: `${name} is there` }],
    ['is as old as allowed', { maxAgeSeconds: 50 }, { status: 'ok', value: 50, reason: `${name} is there` }],
    ['is too old', { maxAgeSeconds: 49 }, { status: 'bad', reason: `age of ${name} is 50 s, over 49 s` }],
    ['is too old, besides its files', { maxAgeSeconds: 49, minFiles: 1 }, { status: 'bad', value: 50 }],
    [
      'has as many files as allowed',
      { maxFiles: 3 },
      { status: 'ok', value: 3, reason: `${name} has 3 files` },
    ],
    ['has too many files', { maxFiles: 2 }, { reason: `number of files in ${name} is 3, over 2` }],
    ['has as few files as allowed', { minFiles: 3 }, { status: 'ok', value: 3 }],
    ['has too few files', { minFiles: 4 }, { reason: `number of files in ${name} is 3, under 4` }],
    ['has files of a name', { match: 'dump$', maxFiles: 2 }, { status: 'ok', value: 2 }],
    ['has too few of a name', { match: /tmp$/, minFiles: 2 }, { status: 'bad', value: 1 }],
    [
      'is as large as allowed',
      { maxBytes: 9 },
      { status: 'ok', value: 9, reason: `${name} has 3 files, 9 B` },
    ],
    ['is too large', { maxBytes: 8 }, { status: 'bad', reason: `size of ${name} is 9 B, over 8 B` }],
    ['has a newest file of its size', { newestMinBytes: 3 }, { status: 'ok', value: 3, valueUnit: 'B' }],
    [
      'has too small a newest file',
      { newestMinBytes: 4 },
      { reason: `size of the newest file in ${name} is 3 B, under 4 B` },
    ],
    ['has a fresh file', { newestMaxAgeSeconds: 100 }, { status: 'ok', value: 100, valueUnit: 's' }],
    [
      'has no fresh file',
      { newestMaxAgeSeconds: 99 },
      { reason: `age of the newest file in ${name} is 1 min 40 s, over 1 min 39 s` },
    ],
    [
      'has no fresh file of a name',
      { match: 'old', newestMaxAgeSeconds: 399 },
      { status: 'bad', value: 400 },
    ],
    [
      'has no file of a name to be fresh',
      { match: 'sql$', newestMaxAgeSeconds: 1 },
      { status: 'bad', reason: `${name} has no file that matches sql$` },
    ],
    [
      'has no file of a name to be large',
      { match: /sql$/, newestMinBytes: 1 },
      { status: 'bad', reason: `${name} has no file that matches /sql$/` },
    ],
    ['has no file of a name', { match: 'sql$', maxFiles: 0 }, { status: 'ok', value: 0 }],
    [
      'has no size of a name',
      { match: 'sql$', maxBytes: 0 },
      { status: 'ok', reason: `${name} has 0 files, 0 B` },
    ],
    ['has another mode', { mode: '0000' }, { status: 'bad' }],
    ['is writable', { writable: true }, { status: 'ok' }],
  ])('judges a directory that %s', async (_what, options, verdict) =>
    expect(await judge(options)).toMatchObject(verdict),
  );

  it('judges one that is not there, is a file, or is empty', async () => {
    const gone = join(root, 'gone');
    const one = async (at: string, options: object = {}) => verdictOf(directory({ path: at, ...options }));
    expect(await one(gone)).toEqual({ status: 'bad', reason: `directory:${gone} is not there` });
    expect(await one(gone, { exists: false })).toEqual({
      ...{ status: 'ok', reason: `directory:${gone} is not there` },
    });
    const plain = join(path, 'a.tmp');
    expect(await one(plain)).toEqual({ status: 'bad', reason: `directory:${plain} is not a directory` });
    const empty = fresh();
    expect(await one(empty, { newestMinBytes: 0 })).toEqual({
      ...{ status: 'bad', reason: `directory:${empty} has no file` },
    });
  });

  it('adds up its files in whatever number they are', async () => {
    const many = fresh();
    for (let index = 0; index < 130; index += 1) writeFileSync(join(many, `f${index}`), 'ab');
    expect(await verdictOf(directory({ path: many, maxBytes: 260 }))).toMatchObject({
      ...{ status: 'ok', value: 260, reason: `directory:${many} has 130 files, 260 B` },
    });
  });

  it('tells how fast it grows', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const at = fresh();
    const check = directory({ path: at, maxGrowthBytesPerHour: 3 });
    expect((await verdictOf(check)).status).toBe('unknown');
    vi.advanceTimersByTime(3_600_000);
    writeFileSync(join(at, 'a'), 'xxx');
    expect(await verdictOf(check)).toMatchObject({ status: 'ok', value: 3 });
    vi.advanceTimersByTime(3_600_000);
    writeFileSync(join(at, 'b'), 'xxxx');
    expect(await verdictOf(check)).toMatchObject({
      ...{ status: 'bad', reason: `growth of directory:${at} per hour is 4 B, over 3 B` },
    });
    vi.advanceTimersByTime(3_600_000);
    writeFileSync(join(at, 'b'), 'x');
    expect(await verdictOf(check)).toMatchObject({ status: 'ok', value: 0 });
  });

  it('is given up when the caller aborts', async () => {
    const check = directory({ path, maxFiles: 5 });
    const stopped = AbortSignal.abort(new Error('stopped'));
    expect(await check.run({} as never, { signal: stopped })).toEqual({
      ...{ status: 'unknown', reason: `${name}: stopped` },
    });
  });
});
