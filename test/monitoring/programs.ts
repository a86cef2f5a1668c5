import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Folder with the files for operators. */
export const folder = join(import.meta.dirname, '../../docs/monitoring');

const found = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** Returns why nothing here can be tested, or `undefined`. Fails if system tests are required. */
export const missing: string | undefined = ['prometheus', 'promtool'].every(found)
  ? undefined
  : 'prometheus and promtool are not installed: apt-get install prometheus';
if (missing !== undefined) {
  if (process.env['SYSTEM_TESTS_REQUIRED'] === '1') throw new Error(missing);
  console.warn(`Skipped: ${missing}`);
}

/** Runs promtool in the folder, and returns its output. */
export function promtool(argv: readonly string[], input = ''): { status: number | null; words: string } {
  const { status, stdout, stderr } = spawnSync('promtool', argv, { cwd: folder, input, encoding: 'utf8' });
  return { status, words: `${stdout}${stderr}` };
}
