import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { startWithExeca } from '../../src/execute/start-program.js';
import { startWithNode } from '../../src/execute/start-with-node.js';

describe.each([
  ['execa', startWithExeca],
  ['Node', startWithNode],
])('a program that is started by %s', (_way, start) => {
  const sh = (script: string) => start({ argv: ['sh', '-c', script], env: {} });

  it('reads from /dev/null if it has no input', async () => {
    const { stdout } = await start({ argv: ['readlink', '/proc/self/fd/0'], env: {} });
    expect(await text(stdout)).toBe('/dev/null\n');
  });

  it('has exited though a child of it keeps the output open, and has ended without that child', async () => {
    const { pid = NaN, stdout, stderr, exited, ended } = await sh('sleep 600 & exit 3');
    let hasEnded = false;
    void ended.then(() => (hasEnded = true));
    await exited;
    expect(hasEnded).toBe(false);
    process.kill(-pid, 'SIGKILL');
    await Promise.all([text(stdout), text(stderr)]);
    expect(await ended).toMatchObject({ exitCode: 3 });
  });

  it('is killed though it ignores the request to end', async () => {
    const { stdout, stderr, kill, exited, ended } = await sh('trap "" TERM; echo; exec sleep 600');
    await new Promise((resolve) => void stdout.once('data', resolve));
    stderr.resume();
    kill();
    await exited;
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
  });
});

it('a program that is started by execa has no output in its end: execa would keep up to 100 MB, and fail for more', async () => {
  const { stdout, stderr, ended } = await startWithExeca({ argv: ['echo', 'printed'], env: {} });
  stderr.resume();
  expect(await text(stdout)).toBe('printed\n');
  const end = await ended;
  expect(end.exitCode).toBe(0);
  expect(end).not.toHaveProperty('stdout');
});
