// Builds the package into `dist`: ES modules by tsup, their CommonJS twins by esbuild, declarations by tsc. `--esm`
// builds the ES modules only, which is all that the programs of `src/service` need.
import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, utimesSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { writeCommonJs } from './commonjs.mjs';
import { completeDeclarations } from './declarations.mjs';
import { DOORS } from './doors.mjs';
import { nameChunks } from './name-chunks.mjs';
import { completeMaps } from './source-maps.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Becomes `dist` when it is whole, so that a build that was interrupted leaves no half of one. */
const partial = `${root}dist.partial`;
const run = (program, ...args) =>
  execFileSync(process.execPath, [`${root}node_modules/${program}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  });

const began = new Date();
rmSync(partial, { recursive: true, force: true });
run('tsup/dist/cli-default.js', '--silent', '--out-dir', partial);
nameChunks(partial);
if (!process.argv.includes('--esm')) {
  await writeCommonJs(partial, DOORS);
  run('typescript/bin/tsc', '-p', 'tsconfig.declarations.json', '--outDir', partial);
  completeDeclarations(partial, DOORS);
}
completeMaps(partial);
// `start.mjs` compares this time with the sources: what was edited during the build is newer.
utimesSync(`${partial}/index.js`, began, began);
rmSync(`${root}dist`, { recursive: true, force: true });
renameSync(partial, `${root}dist`);
