// Completes the declarations that tsc wrote: keeps those that a door reaches, and adds their twins for CommonJS.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const SPECIFIER = /(?<=(?:from|import)\s*\(?\s*['"])(\.{1,2}\/[^'"]+)\.js(?=['"])/g;

/** Removes what no door reaches, and writes `.d.cts` beside every `.d.ts` that is left. */
export function completeDeclarations(dist, doors) {
  const reached = new Set();
  const reach = (name) => {
    if (reached.has(name)) return;
    const file = join(dist, `${name}.d.ts`);
    if (!existsSync(file)) throw new Error(`${name}.d.ts is imported by a declaration, and was not written`);
    reached.add(name);
    for (const [path] of readFileSync(file, 'utf8').matchAll(SPECIFIER))
      reach(relative(dist, join(dist, dirname(name), path.replace(/\.js$/, ''))));
  };
  doors.forEach(reach);
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const name = /^(.*)\.d\.ts(\.map)?$/.exec(file)?.[1];
    if (name !== undefined && !reached.has(name)) rmSync(join(dist, file));
  }
  for (const name of reached) {
    const base = name.slice(name.lastIndexOf('/') + 1);
    const text = readFileSync(join(dist, `${name}.d.ts`), 'utf8');
    const map = JSON.parse(readFileSync(join(dist, `${name}.d.ts.map`), 'utf8'));
    writeFileSync(
      join(dist, `${name}.d.cts`),
      text
        .replace(SPECIFIER, '$1.cjs')
        .replace(/^\/\/# sourceMappingURL=.*$/m, `//# sourceMappingURL=${base}.d.cts.map`),
    );
    writeFileSync(join(dist, `${name}.d.cts.map`), JSON.stringify({ ...map, file: `${base}.d.cts` }));
  }
}
