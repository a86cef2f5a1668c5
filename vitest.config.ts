import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { pageForVite } from './src/observe/dashboard/page/bundle.mjs';

const src = (file: string): string => fileURLToPath(new URL(`src/${file}`, import.meta.url));

/** The package's own name means its sources, so that examples and docs run unchanged in the tests. */
const alias = {
  '@luminous-nix/self-healing/checks': src('checks/index.ts'),
  '@luminous-nix/self-healing/dashboard': src('observe/dashboard/index.ts'),
  '@luminous-nix/self-healing/prometheus': src('observe/prometheus.ts'),
  '@luminous-nix/self-healing/testing': src('testing/index.ts'),
  '@luminous-nix/self-healing': src('index.ts'),
};

/** Files that put a mock in the place of a module: each runs with modules of its own. */
const MOCKING = [
  'test/actions/actions.test.ts',
  'test/docs.test.ts',
  'test/execute/own-host.test.ts',
  'test/execute/permission-platform.test.ts',
  'test/service/helper/root-folder.test.ts',
  'test/watch/unloadable-names.test.ts',
];

export default defineConfig({
  test: {
    coverage: { include: ['src/**'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        resolve: { alias },
        plugins: [pageForVite],
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [
            ...['system', 'browser', 'monitoring', 'package', 'printed'].map((folder) => `test/${folder}/**`),
            ...MOCKING,
          ],
          // A worker loads each module once, not once for each file: loading was half of the time.
          isolate: false,
          // Some tests wait for real programs: one worker more than a small machine has cores.
          maxWorkers: 3,
          // Generous: a property may take its time on a machine that has other things to do.
          testTimeout: 60_000,
        },
      },
      {
        resolve: { alias },
        plugins: [pageForVite],
        test: { name: 'mocking', include: MOCKING, testTimeout: 60_000, maxWorkers: 3 },
      },
      {
        resolve: { alias },
        plugins: [pageForVite],
        test: { name: 'monitoring', include: ['test/monitoring/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        resolve: { alias },
        plugins: [pageForVite],
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve: { alias },
        plugins: [pageForVite],
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          globalSetup: ['test/system/host/prepare.ts'],
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: { name: 'docs', include: ['test/printed/**/*.test.ts'], testTimeout: 90_000, maxWorkers: 2 },
      },
    ],
  },
});
