import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { statInChild } from '../../../src/host/linux/stat-child.js';

const signal = () => new AbortController().signal;
const hasStat = (() => {
  try {
    execFileSync('stat', ['-f', '-c', '%S', '/']);
    return true;
  } catch {
    return false;
  }
})();

it.runIf(hasStat)('statInChild returns the figures of the system call', async () => {
  const folder = mkdtempSync(join(tmpdir(), '-f stat '));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { blocks, files } = statfsSync(folder);
  expect(await statInChild(folder, signal())).toMatchObject({ blocks, files });
});

it.runIf(hasStat)('statInChild returns the error of a path that does not exist', async () => {
  await expect(statInChild('/no such place', signal())).rejects.toThrow(/no such place.*No such file/);
});

it('statInChild has its child process killed by the signal', async () => {
  await expect(statInChild('/', AbortSignal.abort())).rejects.toThrow();
});
