import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { defineConfig } from 'tsup';
import { pageForEsbuild } from './src/observe/dashboard/page/bundle.mjs';

const CORE = fileURLToPath(new URL('src/index.ts', import.meta.url));

/**
 * Keeps what the root needs in one file. esbuild makes a file of each set of modules that the same doors share, and
 * a door is also what is loaded later: 25 files to find and open for one import. So every door imports the root.
 */
const oneCore: Plugin = {
  name: 'one-core',
  setup(build) {
    const doors = new Set<string>();
    build.onResolve({ filter: /^\.{1,2}\/|^src\// }, async ({ path, kind, pluginData, ...from }) => {
      if (pluginData === 'one-core' || (kind !== 'entry-point' && kind !== 'dynamic-import'))
        return undefined;
      const found = await build.resolve(path, { ...from, kind, pluginData: 'one-core' });
      if (found.path !== CORE) doors.add(found.path);
      return found;
    });
    build.onResolve({ filter: /^one-core$/ }, () => ({ path: CORE, sideEffects: true }));
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) =>
      doors.has(path)
        ? { contents: `${await readFile(path, 'utf8')}\nimport 'one-core';`, loader: 'ts' }
        : undefined,
    );
  },
};

export default defineConfig({
  entry: [
    'src/index.ts',
    'src/testing/index.ts',
    'src/observe/prometheus.ts',
    'src/observe/dashboard/index.ts',
    'src/service/dry-run.ts',
    'src/service/daemon.ts',
    'src/service/helper.ts',
    'src/service/control.ts',
  ],
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  // One copy of each class across the doors: without it `instanceof` fails between them in CommonJS.
  splitting: true,
  dts: {
    entry: [
      'src/index.ts',
      'src/testing/index.ts',
      'src/observe/prometheus.ts',
      'src/observe/dashboard/index.ts',
    ],
  },
  clean: true,
  treeshake: true,
  // One small function, for which resolving a package of its own would take longer than everything else.
  noExternal: ['fastest-levenshtein', 'dashboard:page', 'one-core'],
  esbuildPlugins: [oneCore, pageForEsbuild],
  // Less to read at import; names stay, for the sake of stack traces.
  esbuildOptions(options) {
    options.minifyWhitespace = true;
    options.minifySyntax = true;
  },
});
