import { defineConfig } from 'tsup';
import { pageForEsbuild } from './src/observe/dashboard/page/bundle.mjs';

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
  noExternal: ['fastest-levenshtein', 'dashboard:page'],
  esbuildPlugins: [pageForEsbuild],
  // Less to read at import; names stay, for the sake of stack traces.
  esbuildOptions(options) {
    options.minifyWhitespace = true;
    options.minifySyntax = true;
  },
});
