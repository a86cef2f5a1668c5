// Writes the CommonJS twin of every module that a door reaches: one `.cjs` beside each `.js`, with the same chunks, so
// there is one copy of each class and `instanceof` works across the doors.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { transform } from 'esbuild';

/** An own file in an import, static or dynamic: esbuild writes each in one of these forms. */
const OWN = /(?<=(?:from |import |import\()")(\.{1,2}\/[^"\n]+)\.js(?=")/g;

export async function writeCommonJs(dist, doors) {
  const reached = new Set();
  const reach = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, path] of readFileSync(join(dist, file), 'utf8').matchAll(OWN))
      reach(relative(dist, join(dist, dirname(file), `${path}.js`)));
  };
  doors.forEach((door) => reach(`${door}.js`));
  await Promise.all(
    [...reached].map(async (file) => {
      const target = join(dist, file.replace(/\.js$/, '.cjs'));
      const source = readFileSync(join(dist, file), 'utf8')
        .replace(OWN, '$1.cjs')
        .replace(/^\/\/# sourceMappingURL=.*$/m, '');
      // esbuild joins the map that it finds in the text with its own, so that the new one leads to the sources.
      const inline = readFileSync(join(dist, `${file}.map`)).toString('base64');
      const { code, map } = await transform(
        `${source}\n//# sourceMappingURL=data:application/json;base64,${inline}`,
        {
          format: 'cjs',
          platform: 'node',
          target: 'node20',
          banner: '"use strict";',
          sourcemap: 'external',
          sourcefile: basename(file),
          sourcesContent: false,
        },
      );
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, `${code}//# sourceMappingURL=${basename(target)}.map\n`);
      writeFileSync(`${target}.map`, map);
    }),
  );
}
