import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { stderr } from 'node:process';
import { fileURLToPath, pathToFileURL, URL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const call = promisify(execFile);
const fileHere = (name) => fileURLToPath(new URL(name, import.meta.url));
const PROBES = '/repo/bench/probes';
const FLOOR = '/usr/local/bin/floor';

/** Loads a TypeScript file of the repository. Its `import.meta`, and that of what it imports, stay their own. */
export async function loadSource(name) {
  const own = {
    name: 'own import.meta',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const contents = text
          .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
          .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)));
        return { contents, loader: 'ts' };
      });
    },
  };
  const folder = await mkdtemp(join(tmpdir(), 'self-healing-bench-'));
  const outfile = join(folder, `${basename(name, '.ts')}.mjs`);
  try {
    await build({
      ...{ entryPoints: [fileHere(name)], bundle: true, outfile, plugins: [own] },
      ...{ format: 'esm', platform: 'node', target: 'node20' },
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Boots a test host with the probes in it. Throws where this machine cannot, with the reasons. */
export async function bootHost() {
  const { missingRequirements } = await loadSource('../test/system/host/requirements.ts');
  const missing = missingRequirements();
  if (missing.length > 0) throw new Error(missing.join(' '));
  const { bootTestHost } = await loadSource('../test/system/host/boot.ts');
  const host = await bootTestHost();
  return {
    host,
    systemd: (await host.run(['systemctl', '--version'])).stdout.split('\n')[0],
    /** Runs a probe inside, with one argument as JSON; its standard error is progress, its standard output the result. */
    async probe(name, given, { minutes = 10, prefix = [] } = {}) {
      const { stdout } = await host.run(
        [...prefix, '/opt/node/node', '--expose-gc', `${PROBES}/${name}`, JSON.stringify(given)],
        { timeoutMs: minutes * 60_000, onStderr: (text) => stderr.write(text) },
      );
      return JSON.parse(stdout);
    },
    /** Compiles the floor and puts it inside. Returns its path, or the reason why there is none. */
    async floor() {
      const folder = await mkdtemp(join(tmpdir(), 'self-healing-bench-'));
      try {
        const program = join(folder, 'floor');
        // Static, because the C library of this machine may be newer than the one inside.
        await call('cc', ['-O2', '-static', '-o', program, fileHere('./probes/floor.c')]);
        await host.writeFile(FLOOR, await readFile(program), 0o755);
        return { program: FLOOR };
      } catch (error) {
        return { missing: error.code === 'ENOENT' ? 'no C compiler' : error.message.split('\n')[0] };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
