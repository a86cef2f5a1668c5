// Runs an example from a clone: `node examples/run.mjs one-shot`. The package name resolves to the sources, so
// nothing has to be built first.
import console from 'node:console';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { argv, exit } from 'node:process';
import { pathToFileURL } from 'node:url';
import { build } from 'tsup';
import { pageForEsbuild } from '../src/observe/dashboard/page/bundle.mjs';

const root = join(import.meta.dirname, '..');
const names = (await readdir(import.meta.dirname)).flatMap((file) => /^(.+)\.ts$/.exec(file)?.[1] ?? []);
const [, , asked = ''] = argv;
const isPath = asked.includes('/');
const name = basename(asked, '.ts');
const source = isPath ? resolve(asked) : join(import.meta.dirname, `${name}.ts`);
if (!isPath && !names.includes(name)) {
  console.error(
    `Usage: node examples/run.mjs NAME, or the path of a file\n\nNAME is one of: ${names.sort().join(', ')}`,
  );
  exit(2);
}

// Packages are not bundled: inside of an ES module, a CommonJS package (express) cannot `require`.
const { dependencies, devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
// Inside of the clone, so that those packages are found.
const outDir = await mkdtemp(join(root, 'node_modules', '.example-'));
try {
  await build({
    config: false,
    silent: true,
    entry: { [name]: source },
    outDir,
    format: 'esm',
    outExtension: () => ({ js: '.mjs' }),
    target: 'node20',
    splitting: false,
    external: Object.keys({ ...dependencies, ...devDependencies }),
    sourcemap: 'inline',
    esbuildPlugins: [pageForEsbuild],
    esbuildOptions(options) {
      options.alias = {
        '@luminous-nix/self-healing/checks': join(root, 'src', 'checks', 'index.ts'),
        '@luminous-nix/self-healing/dashboard': join(root, 'src', 'observe', 'dashboard', 'index.ts'),
        '@luminous-nix/self-healing/prometheus': join(root, 'src', 'observe', 'prometheus.ts'),
        '@luminous-nix/self-healing': join(root, 'src', 'index.ts'),
      };
    },
  });
  // Programs that the example starts must be next to it.
  const own = join(import.meta.dirname, name);
  if (!isPath && existsSync(own)) {
    await cp(own, outDir, { recursive: true, filter: (file) => !file.endsWith('.ts') });
  }
  // The example sees itself as the program that was started.
  const file = join(outDir, `${name}.mjs`);
  argv[1] = file;
  await import(pathToFileURL(file).href);
} finally {
  await rm(outDir, { recursive: true, force: true });
}
