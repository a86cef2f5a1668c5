import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './blocks.js';

/** Folder of the examples that translate the documentation of the Python system, from the root. */
export const FOLDER = 'examples/original';

/** One line of the Python documentation, and the statement that replaces it here. */
export interface Translation {
  readonly was: string;
  readonly here: string;
}

/** Translated example. */
export interface Original {
  /** Path from the root. */
  readonly file: string;
  readonly translations: readonly Translation[];
}

/** Returns every example with the lines that it translates, in the order of the Python documentation. */
export const originals: readonly Original[] = readdirSync(join(root, FOLDER))
  .filter((name) => /^\d\d-.*\.mjs$/.test(name))
  .sort()
  .map((name) => {
    const file = `${FOLDER}/${name}`;
    return { file, translations: translationsIn(readFileSync(join(root, file), 'utf8')) };
  });

/** Reads each `// was:` comment and the statement below it, which ends with `;` or opens a block. */
function translationsIn(text: string): Translation[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.flatMap((line, index) => {
    const [, was] = /^\/\/ was: (.*)$/.exec(line) ?? [];
    if (was === undefined) return [];
    const below = lines.slice(index + 1);
    const end = below.findIndex((next) => /;$| \{$/.test(next));
    return [
      {
        was,
        here: below
          .slice(0, end + 1)
          .join(' ')
          .replace(/, \}/g, ' }')
          .replace(/ \{$/, ''),
      },
    ];
  });
}
