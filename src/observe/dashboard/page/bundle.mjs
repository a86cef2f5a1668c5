// Makes the dashboard's page: script, style and document, small enough to live inside one module. That module is
// `dashboard:page`; it needs no file beside it, so it works in ESM, in CommonJS and in somebody's own bundle.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const NAME = 'dashboard:page';
const root = fileURLToPath(new URL('.', import.meta.url));

export async function dashboardPage() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { page: 'main.ts' },
    outdir: root,
    write: false,
    bundle: true,
    minify: true,
    // Nothing in the package has lines that an editor or a terminal cannot show.
    lineLimit: 160,
    format: 'esm',
    target: ['es2022'],
    legalComments: 'inline',
    charset: 'utf8',
  });
  const made = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text;
  const script = hashed('js', 'text/javascript; charset=utf-8', made('.js'));
  const style = hashed('css', 'text/css; charset=utf-8', made('.css'));
  const icon = hashed('svg', 'image/svg+xml', await read('icon.svg'));
  const html = (await read('index.html'))
    .replace('page.css', style.name)
    .replace('page.js', script.name)
    .replace('icon.svg', icon.name)
    .replace(/\n\s*/g, '\n');
  return {
    index: { name: '', type: 'text/html; charset=utf-8', body: html },
    files: [script, style, icon],
  };
}

const read = (file) => readFile(join(root, file), 'utf8');

function hashed(ending, type, body) {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 10);
  return { name: `page.${hash}.${ending}`, type, body };
}

/** Returns the module; each line of a file is a string on a separate line. */
async function source() {
  const { index, files } = await dashboardPage();
  const file = ({ body, ...rest }) =>
    `{ ...${JSON.stringify(rest)}, body: [\n${body
      .split('\n')
      .map((line) => JSON.stringify(line))
      .join(',\n')}\n].join('\\n') }`;
  return `export const page = { index: ${file(index)}, files: [${files.map(file).join(', ')}] };`;
}

/** For tsup and esbuild. */
export const pageForEsbuild = {
  name: NAME,
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^${NAME}$`) }, ({ path }) => ({ path, namespace: NAME }));
    onLoad({ filter: /.*/, namespace: NAME }, async () => ({ contents: await source(), loader: 'js' }));
  },
};

/** For vitest. */
export const pageForVite = {
  name: NAME,
  enforce: 'pre',
  resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
  load: (id) => (id === `\0${NAME}` ? source() : undefined),
};
