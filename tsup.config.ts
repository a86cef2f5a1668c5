import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/testing/index.ts', 'src/service/dry-run.ts'],
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  // One copy of each class across the doors: without it `instanceof` fails between them in CommonJS.
  splitting: true,
  dts: { entry: ['src/index.ts', 'src/testing/index.ts'] },
  clean: true,
  treeshake: true,
});
