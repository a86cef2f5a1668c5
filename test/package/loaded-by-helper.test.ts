import { isBuiltin } from 'node:module';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { root } from './packed.js';

it('the built root helper imports no package', async () => {
  const { metafile } = await build({
    ...{ absWorkingDir: root, entryPoints: ['dist/service/helper.js'], outdir: 'none', write: false },
    ...{ bundle: true, splitting: true, metafile: true, packages: 'external', logLevel: 'silent' },
    ...{ format: 'esm', platform: 'node' },
  });
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const { path, kind, external } of metafile.inputs[file]?.imports ?? []) {
      // Late imports are covered on a running helper: test/system/helper.test.ts.
      if (kind === 'dynamic-import') continue;
      if (!external) visit(path);
      else if (!isBuiltin(path)) packages.add(path);
    }
  };
  visit('dist/service/helper.js');
  expect(files.size).toBeGreaterThan(5);
  expect([...packages]).toEqual([]);
});
