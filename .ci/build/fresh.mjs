import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What `dist` is made of. A folder counts, too: its time changes when a file in it is added, renamed or removed. */
const SOURCES = ['src', '.ci/build', 'tsup.config.ts', 'tsconfig.json', 'package.json', 'package-lock.json'];

/** Returns whether `dist` was built from the sources as they are now. */
export function isFresh(root) {
  const built = statSync(join(root, 'dist/index.js'), { throwIfNoEntry: false })?.mtimeMs;
  return built !== undefined && SOURCES.every((path) => newest(join(root, path)) < built);
}

/** Time of the last change of a file, or of anything in a folder, in milliseconds. */
function newest(path) {
  const own = statSync(path);
  const below = own.isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' }).map(
        (name) => statSync(join(path, name)).mtimeMs,
      )
    : [];
  return Math.max(own.mtimeMs, ...below);
}
