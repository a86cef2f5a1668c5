import childProcess, { type ChildProcess } from 'node:child_process';
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

/** Starts a program. Returns it with the process of Node. */
async function startSpied(argv: string[], input?: string) {
  const spawn = vi.spyOn(childProcess, 'spawn');
  syncBuiltinESMExports();
  const program = await startWithNode({ argv, env: {}, ...(input !== undefined && { input }) });
  return { ...program, child: spawn.mock.results[0]?.value as ChildProcess };
}

it('a program that closes its standard input is no error of this process', async () => {
  const { child, ended } = await startSpied(['true'], 'in');
  expect(() => child.stdin?.emit('error', new Error('EPIPE'))).not.toThrow();
  expect(await ended).toEqual({ exitCode: 0 });
});

it('a program that cannot be killed has not exited by that', async () => {
  const { child, exited } = await startSpied(['sleep', '600']);
  let hasExited = false;
  const seen = exited.then(() => (hasExited = true));
  child.emit('error', new Error('EPERM'));
  await new Promise(setImmediate);
  expect(hasExited).toBe(false);
  child.kill('SIGKILL');
  expect(await seen).toBe(true);
});
