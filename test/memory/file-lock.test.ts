import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileLock } from '../../src/memory/file-lock.js';
import { bootId } from '../../src/base/boot-id.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  path = join(folder, 'state.lock');
});
afterEach(() => rm(folder, { recursive: true }));

const LOCKED = { code: 'locked' };
const holder = (more: object = {}) =>
  JSON.stringify({ pid: process.pid, began: '1', bootId: bootId(), token: 'x', ...more });
const beganAt = async (pid: number): Promise<string> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]!;
};

describe('a file lock', () => {
  it('is held by one holder, however often it is acquired', async () => {
    const [mine, other] = [new FileLock(path), new FileLock(path)];
    await mine.take();
    await mine.take();
    await mine.check();
    await expect(other.take()).rejects.toMatchObject(LOCKED);
    await expect(other.take()).rejects.toThrow(
      `The lock ${path} is held by another engine (process ${process.pid}): this one only observes`,
    );
    await mine.check();
  });

  it('can be acquired after its release, which leaves no file behind', async () => {
    const [mine, other] = [new FileLock(path), new FileLock(path)];
    await mine.take();
    await mine.release();
    await mine.release();
    expect(await readdir(folder)).toEqual([]);
    await other.take();
    expect(await readdir(folder)).toEqual(['state.lock']);
    await other.release();
  });

  it('is not released by a process that does not hold it', async () => {
    const [mine, other] = [new FileLock(path), new FileLock(path)];
    await mine.take();
    await other.release();
    await expect(other.take()).rejects.toMatchObject(LOCKED);
    await other.release();
    await expect(mine.check()).resolves.toBeUndefined();
    expect(await readdir(folder)).toEqual(['state.lock']);
  });

  it('is acquired by exactly one of many at the same time', async () => {
    const locks = Array.from({ length: 20 }, () => new FileLock(path));
    const taken = await Promise.allSettled(locks.map((lock) => lock.take()));
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['state.lock']);
  });

  it('is reported as lost if another process holds it, and is not released then', async () => {
    const mine = new FileLock(path);
    await mine.take();
    await writeFile(path, holder({ began: await beganAt(process.pid) }));
    await expect(mine.check()).rejects.toMatchObject(LOCKED);
    await mine.release();
    expect(await readdir(folder)).toEqual(['state.lock']);
  });

  it('is reported as lost if its file is missing', async () => {
    const mine = new FileLock(path);
    await mine.take();
    await rm(path);
    await expect(mine.check()).rejects.toMatchObject(LOCKED);
  });
});

describe('the file lock of a dead process', () => {
  it('is taken over if the process was killed', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    await writeFile(path, holder({ pid: child.pid, began: await beganAt(child.pid!) }));
    await expect(new FileLock(path).take()).rejects.toMatchObject(LOCKED);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await new FileLock(path).take();
    expect(await readdir(folder)).toEqual(['state.lock']);
  });

  it.each([
    ['its process id belongs to another process now', () => holder({ began: '1' })],
    ['the host was rebooted since', () => holder({ bootId: 'another boot' })],
    ['it is truncated', () => holder().slice(0, 20)],
    ['it is empty', () => ''],
    ['it has other content', () => '[]'],
  ])('is taken over if %s', async (_why, text) => {
    await writeFile(path, text());
    const lock = new FileLock(path);
    await lock.take();
    await lock.check();
    expect(await readdir(folder)).toEqual(['state.lock']);
  });

  it('is taken over by exactly one of many', async () => {
    for (let round = 0; round < 10; round += 1) {
      await writeFile(path, holder({ began: '1' }));
      const locks = Array.from({ length: 8 }, () => new FileLock(path));
      await Promise.allSettled(locks.map((lock) => lock.take()));
      const held = await Promise.allSettled(locks.map((lock) => lock.check()));
      expect(held.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await rm(path);
    }
  });
});

describe('the file lock of a holder in another namespace or on another machine', () => {
  const elsewhere = (beat: number) => holder({ pidns: '1', machine: 'm', beat: String(beat) });

  it('is respected while its heartbeat changes, and taken over 60 s after the last change', async () => {
    let now = 0;
    const lock = new FileLock(path, () => now);
    for (let beat = 0; beat < 20; beat += 1, now += 20_000) {
      await writeFile(path, elsewhere(beat));
      await expect(lock.take()).rejects.toThrow(`(process ${process.pid} in another pid namespace)`);
    }
    for (; now < 440_000; now += 20_000) await expect(lock.take()).rejects.toMatchObject(LOCKED);
    await lock.take();
    expect(await readdir(folder)).toEqual(['state.lock']);
    await lock.release();
  });

  it('is taken over by exactly one of many that have watched it long enough', async () => {
    let now = 0;
    await writeFile(path, elsewhere(1));
    const locks = Array.from({ length: 8 }, () => new FileLock(path, () => now));
    for (; now < 60_000; now += 15_000) {
      for (const lock of locks) await expect(lock.take()).rejects.toMatchObject(LOCKED);
    }
    await Promise.allSettled(locks.map((lock) => lock.take()));
    const held = await Promise.allSettled(locks.map((lock) => lock.check()));
    expect(held.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('the heartbeat of a file lock', () => {
  it('changes the content of the lock in place, and never that of another lock', async () => {
    const lock = new FileLock(path);
    await lock.take();
    const [before, { ino }] = [await readFile(path, 'utf8'), await stat(path)];
    await lock.beat();
    expect(await readFile(path, 'utf8')).not.toBe(before);
    expect((await stat(path)).ino).toBe(ino);
    await lock.check();
    await rm(path);
    await writeFile(path, holder());
    await lock.beat();
    expect(await readFile(path, 'utf8')).toBe(holder());
    await lock.release();
  });
});

describe('a file lock of the current process', () => {
  it('is taken over if it is no longer in use', async () => {
    await new FileLock(path).take();
    const text = await readFile(path, 'utf8');
    await rm(path);
    await writeFile(path, text.replace(/"token":"[^"]*"/, '"token":"of a closed engine"'));
    const next = new FileLock(path);
    await expect(next.take()).resolves.toBeUndefined();
    expect(await readFile(path, 'utf8')).not.toContain('of a closed engine');
    await next.release();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('another file in place of a lock', () => {
  it.each([
    ['a symbolic link', () => symlink(join(folder, 'target'), path)],
    ['a symbolic link', () => symlink('/dev/zero', path)],
    ['a symbolic link', () => symlink(path, path)],
    ['a directory', () => mkdir(path)],
    ['a FIFO', () => Promise.resolve(execFileSync('mkfifo', [path]))],
  ])('that is %s is neither followed, waited for nor removed', async (what, make) => {
    await make();
    await expect(new FileLock(path).take()).rejects.toMatchObject({
      code: 'locked',
      message: `The lock ${path} cannot be used (it is ${what}, not a regular file): this engine only observes`,
    });
    expect(await readdir(folder)).toEqual(['state.lock']);
  });

  it('that is large is taken over', async () => {
    await writeFile(path, Buffer.alloc(100_000, 32));
    const lock = new FileLock(path);
    await lock.take();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the files left by a killed process that was acquiring a lock', () => {
  it('are removed by the next one, but not those of a running process', async () => {
    const [dead, alive] = ['0', '1'].map((digit) => `${path}.${crypto.randomUUID().replace(/^./, digit)}`);
    await writeFile(dead!, holder());
    await writeFile(`${dead!}.dead`, '');
    await writeFile(alive!, holder({ began: await beganAt(process.pid) }));
    await writeFile(`${path}.mine`, 'of a person');
    const lock = new FileLock(path);
    await lock.take();
    expect(await readdir(folder)).toEqual(['state.lock', basename(alive!), 'state.lock.mine']);
    await lock.release();
  });
});
