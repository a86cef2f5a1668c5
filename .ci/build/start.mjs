// The program behind `npm start`: builds what a look needs, if the sources have changed, and looks.
import { fileURLToPath, URL } from 'node:url';
import { isFresh } from './fresh.mjs';

if (!isFresh(fileURLToPath(new URL('../..', import.meta.url)))) {
  // On the standard error, so that `--json` stays JSON.
  console.error('Building the JavaScript of this clone, once until a source changes (a few seconds)…');
  process.argv.push('--esm');
  await import('./build.mjs');
  process.argv.pop();
}
await import('../../dist/service/dry-run.js');
