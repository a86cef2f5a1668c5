import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = (file: string): string => fileURLToPath(new URL(`src/${file}`, import.meta.url));

/** The package's own name means its sources, so that examples and docs run unchanged in the tests. */
const alias = {
  '@luminous-nix/self-healing/testing': src('testing/index.ts'),
  '@luminous-nix/self-healing': src('index.ts'),
};

export default defineConfig({
  test: {
    coverage: { include: ['src/**'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        resolve: { alias },
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/system/**'] },
      },
      {
        resolve: { alias },
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
      {
        resolve: { alias },
        test: { name: 'latency', include: ['bench/**/*.test.ts'] },
      },
    ],
  },
});
