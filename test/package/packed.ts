import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packs the built package, without building it again, and returns the report of npm. */
export function pack(...options: string[]): { filename: string; paths: string[] } {
  const told = execFileSync('npm', ['pack', '--json', '--ignore-scripts', ...options], {
    cwd: root,
    encoding: 'utf8',
  });
  const [packed] = JSON.parse(told) as [{ filename: string; files: { path: string }[] }];
  return { filename: packed.filename, paths: packed.files.map(({ path }) => path) };
}
