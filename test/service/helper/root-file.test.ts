import { chmod, chown, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRootFile } from '../../../src/service/helper/root-file.js';

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

  it('is refused when others may put another in its place, also above it', async () => {
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await writeFile(join(inner, 'policy.json'), 'x');
    await chmod(inner, 0o777);
    expect(() => read(join(inner, 'policy.json'))).toThrow(`${inner} can be written by others`);
    await chmod(inner, 0o755);
    await chmod(folder, 0o775);
    expect(() => read(join(inner, 'policy.json'))).toThrow(`${folder} can be written by others`);
    // As /tmp and /nix/store are: others cannot replace what is not theirs.
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
});
