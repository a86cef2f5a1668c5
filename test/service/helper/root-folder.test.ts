import { mkdtempSync, rmSync, writeFileSync, type Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { readRootFile } from '../../../src/service/helper/root-file.js';

let isOpen = false;
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const root = fs.statSync('/');
  /** The root folder may be written by anybody while `isOpen`. */
  const fstatSync = (descriptor: number): Stats => {
    const stats = fs.fstatSync(descriptor);
    const isRoot = stats.ino === root.ino && stats.dev === root.dev;
    return isOpen && isRoot ? Object.assign(stats, { mode: 0o40_777 }) : stats;
  };
  return { ...fs, fstatSync };
});

it('a file of root is refused if anybody may write the root folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'root-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'policy.json');
  writeFileSync(file, 'x', { mode: 0o644 });
  const read = () => Buffer.from(readRootFile(file, process.getuid?.() ?? 0)).toString();
  expect(read()).toBe('x');
  isOpen = true;
  expect(read).toThrow('/ can be written by others than root');
});
