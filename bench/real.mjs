import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, execPath, getuid } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { promisify } from 'node:util';

const call = promisify(execFile);
const fileHere = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Curves of something real, or the reason why there are none. */
async function curvesOf(what, run) {
  if (getuid?.() !== 0) return { missing: `${what}: this does not run as root` };
  const folder = await mkdtemp(join(tmpdir(), 'self-healing-scale-'));
  try {
    return { curves: await run(folder) };
  } catch (error) {
    return { missing: `${what}: ${error.message.split('\n')[0]}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** File systems, mounted where nobody else sees them, and gone with the process. */
export const realMounts = (sizes) =>
  curvesOf('file systems', async (folder) => {
    const probe = [
      execPath,
      '--expose-gc',
      fileHere('./probes/scale-mounts.mjs'),
      folder,
      ...sizes.map(String),
    ];
    const { stdout } = await call('unshare', ['--mount', '--propagation', 'private', ...probe]);
    return [JSON.parse(stdout)];
  });

/** Units in a booted test host, which the tools of the tests boot. */
export const realUnits = (sizes) =>
  curvesOf('units', async (folder) => {
    const ANSWER = join(folder, 'answer.json');
    const vitest = fileHere('../node_modules/vitest/vitest.mjs');
    const args = ['run', '--project', 'latency', fileHere('./units.test.ts')];
    await call(execPath, [vitest, ...args], {
      cwd: fileHere('..'),
      env: { ...env, SIZES: sizes.join(' '), ANSWER },
    });
    return JSON.parse(await readFile(ANSWER, 'utf8'));
  });
