import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { defineConfig } from 'tsup';
import { DOORS } from './.ci/build/doors.mjs';
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

/** Programs, started by their path. */
const PROGRAMS = ['dry-run', 'daemon', 'helper', 'control'].map((name) => `service/${name}`);

/** ES modules only. `.ci/build/build.mjs` adds the CommonJS twins and the declarations. */
export default defineConfig({
  entry: [...DOORS, ...PROGRAMS].map((name) => `src/${name}.ts`),
  format: 'esm',
  target: 'node20',
  platform: 'node',
  // One copy of each class across the doors.
  splitting: true,
  // People read these files before they let them act as root: nothing is minified, and the maps lead to `src`.
  sourcemap: true,
  // One small function, for which resolving a package of its own would take longer than everything else.
  noExternal: ['fastest-levenshtein', 'dashboard:page', 'one-core'],
  esbuildPlugins: [oneCore, pageForEsbuild],
  esbuildOptions(options) {
    // The sources are in the package; the maps name them.
    options.sourcesContent = false;
    options.chunkNames = 'chunks/[name]-[hash]';
  },
});
