import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allBlocks, root } from '../docs/blocks.js';
import { harmlessUser, runProgram } from './run-program.js';

const major = Number(process.versions.node.split('.')[0]);
const programs = allBlocks().filter(
  ({ language, info }) => language === 'js' && major >= Number(/^node>=(\d+)$/.exec(info)?.[1] ?? 0),
);

// In the folder of the package, where its own name resolves to the built files, as in a project that installed it.
describe('a JavaScript block of the documentation runs as printed, with plain Node and the built package', () => {
  let folder: string;
  let uid: number | undefined;
  beforeAll(() => {
    uid = harmlessUser();
    folder = mkdtempSync(join(root, '.printed-'));
    chmodSync(folder, 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(programs)('$at', async ({ code, at, run, expected }) => {
    const file = join(folder, `${at.replace(/\W/g, '-')}.mjs`);
    writeFileSync(file, code);
    const { status, output } = await runProgram([process.execPath, file], {
      uid,
      stopAfterOutput: code.includes("process.once('SIGTERM'"),
      env: { DASHBOARD_TOKEN: 'a-token-for-the-tests', HOME: folder },
    });
    expect(status, output).toBe(0);
    if (run) expect(output).toBe(expected);
  });
});
