import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The folder with what operators are given. */
export const folder = join(import.meta.dirname, '../../docs/monitoring');

const found = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** Why nothing here can be tested, if it cannot. Where the system tests are required, that is a failure. */
export const missing: string | undefined = ['prometheus', 'promtool'].every(found)
  ? undefined
  : 'prometheus and promtool are not installed: apt-get install prometheus';
if (missing !== undefined) {
  if (process.env['SYSTEM_TESTS_REQUIRED'] === '1') throw new Error(missing);
  console.warn(`Skipped: ${missing}`);
}

/** Runs promtool in the folder, and gives what it says. */
export function promtool(argv: readonly string[], input = ''): { status: number | null; words: string } {
  const { status, stdout, stderr } = spawnSync('promtool', argv, { cwd: folder, input, encoding: 'utf8' });
  return { status, words: `${stdout}${stderr}` };
}
