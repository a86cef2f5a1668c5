import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Root folder of the package. */
export const root = join(import.meta.dirname, '../..');

/** Fenced code block. */
export interface Block {
  /** Its position: `docs/configuration.md:12`. */
  readonly at: string;
  /** First word after the fence: `js`, `sh`, `text` … Empty if there is none. */
  readonly language: string;
  /** Rest of that line: `run`, `node>=24`, `steps`. */
  readonly info: string;
  /** `true` if its output is in the next `text` block: `js run`. */
  readonly run: boolean;
  readonly code: string;
  /** The next `text` block, if any: the output that the block must print. */
  readonly expected: string | undefined;
}

/** Page of documentation, by its path from the root. */
export interface Page {
  readonly file: string;
  readonly text: string;
}

const filesIn = (folder: string, suffix: string, recursive = false): string[] =>
  readdirSync(join(root, folder), { recursive, encoding: 'utf8' })
    .filter((file) => file.endsWith(suffix))
    .sort()
    .map((file) => `${folder}/${file}`);

const read = (file: string): Page => ({ file, text: readFileSync(join(root, file), 'utf8') });

/** Manually written pages. */
export const pages: readonly Page[] = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...filesIn('docs', '.md'),
  ...filesIn('docs/monitoring', '.md'),
].map(read);

/** Code blocks of all pages, and of all comments in the sources. */
export function allBlocks(): Block[] {
  const sources = filesIn('src', '.ts', true).map(read);
  return [...pages.flatMap(blocksOf), ...sources.map(commentsOf).flatMap(blocksOf)];
}

/** Returns the text with everything but the content of its JSDoc comments blanked, so that line numbers are kept. */
function commentsOf({ file, text }: Page): Page {
  let inside = false;
  const lines = text.split('\n').map((line) => {
    const starts = /^\s*\/\*\*/.test(line);
    if (starts) inside = true;
    const kept = inside && !starts ? line.replace(/^\s*\* ?/, '') : '';
    if (line.includes('*/')) inside = false;
    return kept;
  });
  return { file, text: lines.join('\n') };
}

function blocksOf({ file, text }: Page): Block[] {
  const fences = [...text.matchAll(/^( *)```(\w*) ?([^\n]*)\n(.*?)^\1```$/gms)];
  return fences.map((match, index) => {
    const [, indent = '', language = '', info = '', code = ''] = match;
    const run = info === 'run';
    const next = fences[index + 1];
    return {
      at: `${file}:${text.slice(0, match.index).split('\n').length}`,
      language,
      info,
      run,
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      expected: run && next?.[2] === 'text' ? next[4] : undefined,
    };
  });
}
