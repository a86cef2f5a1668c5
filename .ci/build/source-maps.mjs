// Completes the source maps: a source that is not in the published package is put into the map itself.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function completeMaps(dist) {
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (!/\.c?js\.map$/.test(name)) continue;
    const file = join(dist, name);
    const map = JSON.parse(readFileSync(file, 'utf8'));
    const contents = map.sources.map((source) => {
      const path = join(dirname(file), source);
      if (!existsSync(path)) return '// Made by src/observe/dashboard/page/bundle.mjs\n';
      return path.includes('node_modules') ? readFileSync(path, 'utf8') : null;
    });
    if (contents.every((content) => content === null)) continue;
    writeFileSync(file, JSON.stringify({ ...map, sourcesContent: contents }));
  }
}
