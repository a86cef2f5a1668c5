import { syncBuiltinESMExports } from 'node:module';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it, vi } from 'vitest';
import { startWithNode } from '../../src/execute/start-with-node.js';
import { spawnWithoutDescriptors } from '../without-descriptors.js';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

it('a program that runs has its output, and ends', async () => {
  const { stdout, stderr, exited, ended } = await startWithNode({
    ...{ argv: ['sh', '-c', 'cat; echo "$A" >&2; exit 3'], env: { A: 'loud' }, input: 'in' },
  });
  expect(await Promise.all([text(stdout), text(stderr), ended, exited])).toEqual([
    ...['in', 'loud\n', { exitCode: 3 }, undefined],
  ]);
});

it('a program that does not exist ends with its code, and without output', async () => {
  const { pid, stdout, exited, ended } = await startWithNode({ argv: ['/nowhere'], env: {} });
  expect([pid, await text(stdout), await ended, await exited]).toEqual([
    ...[undefined, '', { code: 'ENOENT' }, undefined],
  ]);
});

it('a program without a free file descriptor ends with its code, though Node gives it no streams', async () => {
  spawnWithoutDescriptors();
  const { pid, stdout, stderr, exited, ended } = await startWithNode({ argv: ['sh'], env: {} });
  expect([pid, await ended, await exited]).toEqual([undefined, { code: 'EMFILE' }, undefined]);
  expect([await text(stdout), await text(stderr)]).toEqual(['', '']);
});
