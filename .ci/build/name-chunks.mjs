// Gives the files that doors share the names of what is in them: esbuild calls them all `chunk-HASH`.
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const CHUNK = /^(.+)-([A-Z0-9]{8})\.(c?js)$/;

/** Renames every chunk under `dist/chunks`, and every mention of it. */
export function nameChunks(dist) {
  const folder = join(dist, 'chunks');
  const names = new Map();
  for (const file of readdirSync(folder).sort()) {
    const [, name, , ending] = CHUNK.exec(file) ?? [];
    if (name === undefined) continue;
    const wanted = name === 'chunk' ? mainSource(folder, file) : name;
    let free = `${wanted}.${ending}`;
    for (let number = 2; [...names.values()].includes(free); number++) free = `${wanted}-${number}.${ending}`;
    names.set(file, free);
  }
  for (const [from, to] of names) {
    renameSync(join(folder, from), join(folder, to));
    renameSync(join(folder, `${from}.map`), join(folder, `${to}.map`));
  }
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (!/\.c?js$/.test(file)) continue;
    const text = readFileSync(join(dist, file), 'utf8');
    const named = text.replace(/[\w.-]+-[A-Z0-9]{8}\.c?js/g, (old) => names.get(old) ?? old);
    if (named !== text) writeFileSync(join(dist, file), named);
  }
}

/** Name of the largest source in a chunk; `core` for the chunk that has the engine. */
function mainSource(folder, file) {
  const { sources } = JSON.parse(readFileSync(join(folder, `${file}.map`), 'utf8'));
  if (sources.some((source) => source.endsWith('src/engine/engine.ts'))) return 'core';
  const sizes = sources
    .filter((source) => !source.includes('node_modules'))
    .map((source) => ({ source, size: statSync(join(folder, source), { throwIfNoEntry: false })?.size ?? 0 }))
    .sort((a, b) => b.size - a.size);
  const main = sizes[0]?.source;
  if (main === undefined) return 'shared';
  const name = basename(main).replace(/\.ts$/, '');
  return name === 'index' ? basename(dirname(main)) : name;
}
