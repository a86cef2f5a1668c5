import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, chown, lchown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  expectRootFolder,
  groupOfRootSocket,
  readForeignFile,
  readRootFile,
  readRootFileIfThere,
} from '../../../src/service/helper/root-file.js';

const me = process.getuid?.() ?? 0;
let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'root-file-paths-'));
  file = join(folder, 'policy.json');
  await writeFile(file, 'whole', { mode: 0o644 });
});
afterEach(() => rm(folder, { recursive: true }));
const textOf = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

describe('a path of a file of root', () => {
  it('may have empty, `.` and `..` components', async () => {
    await mkdir(join(folder, 'inner'));
    expect(textOf(readRootFile(`/${folder}/.//inner/../policy.json`, me))).toBe('whole');
  });

  it('may lead through 40 links, and not through 41', async () => {
    await symlink('policy.json', join(folder, 'link-1'));
    for (let nth = 2; nth <= 41; nth += 1) await symlink(`link-${nth - 1}`, join(folder, `link-${nth}`));
    expect(textOf(readRootFile(join(folder, 'link-40'), me))).toBe('whole');
    expect(() => readRootFile(join(folder, 'link-41'), me)).toThrow('through more than 40 links');
  });

  it('that is refused for its mode leaves no file open', async () => {
    await chmod(file, 0o666);
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (let count = 0; count < 50; count += 1) expect(() => readRootFile(file, me)).toThrow('by others');
    expect(open()).toBeLessThan(before + 10);
  });
});

describe('a file that another user writes', () => {
  it('is refused without blocking when it is a FIFO', () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', ['-m', '600', fifo]);
    expect(() => readForeignFile(fifo, 10)).toThrow(`${fifo} is not a regular file`);
  });

  it.runIf(me === 0).each([
    ['refused', 'may write', 0o775],
    ['read', 'may add to', 0o1775],
  ])('is %s through a link of root in a folder that a group %s', async (verdict, _may, mode) => {
    await symlink(folder, join(folder, 'way'));
    await chmod(folder, mode);
    const path = join(folder, 'way', 'policy.json');
    if (verdict === 'read') expect(textOf(readForeignFile(path, 10))).toBe('whole');
    else expect(() => readForeignFile(path, 10)).toThrow('is a link that others than root can have made');
  });
});

// Only root can give files to other users. The user with uid 1 is as little root as any other.
describe.runIf(me === 0)('by default, the owner is root and not the user with uid 1', () => {
  const refused = 'belongs to the user with uid 1, not to root';

  it('of a file', async () => {
    await chown(file, 1, 0);
    expect(() => readRootFile(file)).toThrow(refused);
    expect(() => readRootFileIfThere(file)).toThrow(refused);
  });

  it('of a folder', async () => {
    await chown(folder, 1, 0);
    expect(() => expectRootFolder(folder)).toThrow(refused);
  });

  it('of a socket', async () => {
    const socket = join(folder, 'socket');
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once('listening', resolve));
    await chown(socket, 1, 0);
    expect(() => groupOfRootSocket(socket)).toThrow(refused);
    await new Promise((resolve) => server.close(resolve));
  });

  it('of a link to a file that another user writes', async () => {
    await symlink(folder, join(folder, 'way'));
    await lchown(join(folder, 'way'), 1, 0);
    expect(() => readForeignFile(join(folder, 'way', 'policy.json'), 10)).toThrow('others than root');
  });
});

it.runIf(me === 0)('a link of root may lead to a file of the owner that is asked for', async () => {
  await chown(file, 12_345, 0);
  await symlink('policy.json', join(folder, 'link'));
  expect(textOf(readRootFile(join(folder, 'link'), 12_345))).toBe('whole');
});
