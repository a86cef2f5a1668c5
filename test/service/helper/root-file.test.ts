import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  lchown,
  link,
  mkdir,
  mkdtemp,
  readlink,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
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
  folder = await mkdtemp(join(tmpdir(), 'root-file-'));
  file = join(folder, 'policy.json');
  await writeFile(file, 'whole', { mode: 0o644 });
});
afterEach(() => rm(folder, { recursive: true }));
const read = (path = file) => Buffer.from(readRootFile(path, me)).toString();

describe('a file that only root can have written', () => {
  it('is read, also through a link, as the Nix store has them', async () => {
    expect(read()).toBe('whole');
    await symlink(file, join(folder, 'link'));
    expect(read(join(folder, 'link'))).toBe('whole');
  });

  it.each([
    ['the group may write it', 0o664],
    ['anybody may write it', 0o646],
    ['it has a sticky bit and anybody may write it', 0o1666],
  ])('is refused when %s', async (_why, mode) => {
    await chmod(file, mode);
    expect(() => read()).toThrow('can be written by others than root');
  });

  it('is refused when others may replace it or a folder above it', async () => {
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await writeFile(join(inner, 'policy.json'), 'x');
    await chmod(inner, 0o777);
    expect(() => read(join(inner, 'policy.json'))).toThrow(`${inner} can be written by others`);
    await chmod(inner, 0o755);
    await chmod(folder, 0o775);
    expect(() => read(join(inner, 'policy.json'))).toThrow(`${folder} can be written by others`);
    // Like /tmp and /nix/store, where users cannot replace files of others.
    await chmod(folder, 0o1777);
    expect(read(join(inner, 'policy.json'))).toBe('x');
  });

  it('is refused when a link leads to what others may write', async () => {
    const open = join(folder, 'open');
    await mkdir(open, { mode: 0o755 });
    await writeFile(join(open, 'x'), 'x');
    await symlink(join(open, 'x'), join(folder, 'link'));
    await chmod(open, 0o777);
    expect(() => read(join(folder, 'link'))).toThrow(`${open} can be written by others`);
  });

  it.runIf(me === 0)('is refused when it belongs to somebody else', async () => {
    await chown(file, 12_345, 0);
    expect(() => read()).toThrow('belongs to the user with uid 12345, not to root');
  });

  it('is refused when it is not there, or huge', async () => {
    expect(() => read(join(folder, 'none'))).toThrow('ENOENT');
    await truncate(file, 2 ** 20 + 1);
    expect(() => read()).toThrow('larger than 1048576 bytes');
  });

  it('is refused when a link leads through a folder that others may write to another link', async () => {
    const open = join(folder, 'open');
    await mkdir(open);
    await symlink(file, join(open, 'second'));
    await symlink(join(open, 'second'), join(folder, 'first'));
    expect(read(join(folder, 'first'))).toBe('whole');
    for (const mode of [0o777, 0o775, 0o1777]) {
      await chmod(open, mode);
      expect(() => read(join(folder, 'first'))).toThrow(
        /can be written by others|others than root can have made/,
      );
    }
    // Like the Nix store, whose group may add files but not replace them.
    await chmod(open, 0o1775);
    expect(read(join(folder, 'first'))).toBe('whole');
  });

  it('is refused when a folder on the way is a link in a folder that others may write', async () => {
    const real = join(folder, 'real');
    await mkdir(real);
    await writeFile(join(real, 'policy.json'), 'x');
    const open = join(folder, 'open');
    await mkdir(open);
    await symlink(real, join(open, 'way'));
    expect(read(join(open, 'way', 'policy.json'))).toBe('x');
    await chmod(open, 0o1777);
    expect(() => read(join(open, 'way', 'policy.json'))).toThrow(
      'is a link that others than root can have made',
    );
    await chmod(open, 0o777);
    expect(() => read(`${open}/../open/../policy.json`)).toThrow(`${open} can be written by others`);
  });

  it.runIf(me === 0)('is refused when somebody else made a link to it', async () => {
    const mine = join(folder, 'mine');
    await symlink(file, mine);
    execFileSync('chown', ['-h', '12345', mine]);
    expect(() => read(mine)).toThrow('is a link that others than root can have made');
  });

  it('is refused under a second name where anybody may write', async () => {
    const open = join(folder, 'open');
    await mkdir(open);
    await chmod(open, 0o1777);
    await writeFile(join(open, 'own'), 'x', { mode: 0o644 });
    expect(read(join(open, 'own'))).toBe('x');
    await link(file, join(open, 'second'));
    expect(() => read(join(open, 'second'))).toThrow('has 2 names');
    expect(read()).toBe('whole');
  });

  it('is refused without blocking when it is a FIFO, a folder, a socket or a device', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', ['-m', '600', fifo]);
    expect(() => read(fifo)).toThrow('is not a regular file');
    await chmod(folder, 0o700);
    expect(() => read(folder)).toThrow('is not a regular file');
    expect(() => read('/dev/null')).toThrow();
    const socket = join(folder, 'socket');
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once('listening', resolve));
    expect(() => read(socket)).toThrow('is not a regular file');
    expect(groupOfRootSocket(socket, me)).toBe(process.getgid?.());
    expect(() => groupOfRootSocket(file, me)).toThrow('is not a socket');
    await new Promise((resolve) => server.close(resolve));
  });

  it('is refused at the end of a circle of links, and where a link leads nowhere', async () => {
    await symlink(join(folder, 'b'), join(folder, 'a'));
    await symlink('a', join(folder, 'b'));
    expect(() => read(join(folder, 'a'))).toThrow('through more than 40 links');
    await symlink('none', join(folder, 'dangling'));
    expect(() => read(join(folder, 'dangling'))).toThrow('ENOENT');
    expect(() => read('policy.json')).toThrow('is not an absolute path');
  });

  it('counts as missing only if nothing has its name', async () => {
    expect(readRootFileIfThere(join(folder, 'none'), me)).toBeUndefined();
    expect(() => readRootFileIfThere(join(file, 'below'), me)).toThrow('ENOTDIR');
    await chmod(file, 0o666);
    expect(() => readRootFileIfThere(file, me)).toThrow('can be written by others');
  });

  it('leaves no file open, whatever is refused', async () => {
    const open = () =>
      execFileSync('ls', [`/proc/${process.pid}/fd`])
        .toString()
        .split('\n').length;
    const before = open();
    await symlink(join(folder, 'none'), join(folder, 'dangling'));
    for (let count = 0; count < 50; count += 1) {
      for (const name of ['dangling', 'none', '.', 'policy.json/x', 'policy.json'])
        try {
          read(join(folder, name));
        } catch {
          // Refusals do not matter here.
        }
    }
    expect(open()).toBeLessThan(before + 10);
  });
});

describe('a folder of root', () => {
  it('is accepted if nobody else can write it or a folder above it', async () => {
    const inner = join(folder, 'inner');
    await mkdir(inner);
    expect(() => expectRootFolder(inner, me)).not.toThrow();
    expect(() => expectRootFolder(file, me)).toThrow('is not a folder');
    await chmod(inner, 0o1777);
    expect(() => expectRootFolder(inner, me)).toThrow('can be written by others');
    await chmod(inner, 0o700);
    await chmod(folder, 0o770);
    expect(() => expectRootFolder(inner, me)).toThrow(`${folder} can be written by others`);
  });
});

describe('a file that another user writes', () => {
  it('is read through links of root in its folders only, and is never a link itself', async () => {
    expect(Buffer.from(readForeignFile(file, 10)).toString()).toBe('whole');
    expect(() => readForeignFile(file, 4)).toThrow('larger than 4 bytes');
    await symlink(file, join(folder, 'link'));
    expect(() => readForeignFile(join(folder, 'link'), 10)).toThrow('is a link');
    await mkdir(join(folder, 'way'));
    await rename(file, join(folder, 'way', 'policy.json'));
    await symlink('way', join(folder, 'short'));
    expect(await readlink(join(folder, 'short'))).toBe('way');
    await chmod(folder, 0o777);
    expect(() => readForeignFile(join(folder, 'short', 'policy.json'), 10)).toThrow('others than root');
  });
});

// Only root can give files to other users.
describe.runIf(me === 0)('a path with parts of another user', () => {
  const OTHER = 12_345;

  it('is refused when a folder above the file belongs to that user', async () => {
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await writeFile(join(inner, 'policy.json'), 'x');
    expect(read(join(inner, 'policy.json'))).toBe('x');
    await chown(inner, OTHER, 0);
    expect(() => read(join(inner, 'policy.json'))).toThrow(
      `${inner} belongs to the user with uid ${OTHER}, not to root`,
    );
    expect(() => expectRootFolder(inner)).toThrow(`belongs to the user with uid ${OTHER}`);
  });

  it('is accepted when that user is the owner that was asked for, also its links', async () => {
    await chown(folder, OTHER, OTHER);
    await chown(file, OTHER, OTHER);
    await symlink('policy.json', join(folder, 'link'));
    await lchown(join(folder, 'link'), OTHER, OTHER);
    expect(Buffer.from(readRootFile(join(folder, 'link'), OTHER)).toString()).toBe('whole');
    expect(() => expectRootFolder(folder, OTHER)).not.toThrow();
    expect(() => readRootFile(file)).toThrow(`belongs to the user with uid ${OTHER}`);
    expect(() => readRootFile(file, OTHER + 1)).toThrow(`belongs to the user with uid ${OTHER}`);
  });

  it('is refused when a link of root is in a folder of that user, who can replace it', async () => {
    const theirs = join(folder, 'theirs');
    await mkdir(theirs);
    await symlink(folder, join(theirs, 'way'));
    const path = join(theirs, 'way', 'policy.json');
    expect(Buffer.from(readForeignFile(path, 10)).toString()).toBe('whole');
    await chown(theirs, OTHER, 0);
    expect(() => readForeignFile(path, 10)).toThrow('is a link that others than root can have made');
  });

  it('is refused when a link of that user is in a folder of root', async () => {
    await symlink(folder, join(folder, 'way'));
    await lchown(join(folder, 'way'), OTHER, 0);
    expect(() => readForeignFile(join(folder, 'way', 'policy.json'), 10)).toThrow(
      'is a link that others than root can have made',
    );
  });

  it('may be a file that this user writes, if only its text is wanted', async () => {
    await chown(file, OTHER, 0);
    await chmod(file, 0o666);
    expect(Buffer.from(readForeignFile(file, 5)).toString()).toBe('whole');
  });
});
