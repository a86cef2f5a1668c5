import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as library from '@luminous-nix/self-healing';
import * as checks from '@luminous-nix/self-healing/checks';
import * as prometheus from '@luminous-nix/self-healing/prometheus';
import * as testing from '@luminous-nix/self-healing/testing';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { allBlocks, pages, root, type Block } from './docs/blocks.js';
import { errorsOf, outputOf, syntaxErrorsOf } from './docs/compile.js';
import { sentenceMatchers } from './docs/sentences.js';

// No page may make a reader start a program: here it would be started on the machine of the tests.
vi.mock('execa', () => ({
  execa: () => {
    throw new Error('A block of the documentation must not start a program');
  },
}));

const blocks = allBlocks();
const inLanguage = (language: string): Block[] => blocks.filter((block) => block.language === language);

test('every code block of the documentation is in a language that is tested here', () => {
  const odd = blocks.filter(
    ({ language }) => !['js', 'sh', 'json', 'nix', 'yaml', 'text'].includes(language),
  );
  expect(odd.map(({ at, language }) => `${at} ${language}`)).toEqual([]);
});

describe('a JavaScript block of the documentation', () => {
  const programs = inLanguage('js');
  const needed = ({ info }: Block): number => Number(/^node>=(\d+)$/.exec(info)?.[1] ?? 20);
  const plain = programs.filter((block) => needed(block) === 20);
  let errors: Map<Block, string[]>;
  let syntaxErrors: readonly string[];
  beforeAll(() => {
    errors = errorsOf(programs);
    syntaxErrors = syntaxErrorsOf(plain);
  }, 60_000);

  test.each(programs)('calls only existing functions: $at', (block) => {
    expect(errors.get(block)).toEqual([]);
  });

  // Plain Node, because the bundler of these tests rewrites new syntax. `npm run test:docs` runs all blocks.
  test.each(plain.map(({ at }, index) => ({ at, index })))(
    'is valid for this version of Node as printed: $at',
    ({ index }) => {
      expect(syntaxErrors[index]).toBe('');
    },
  );

  test.each(plain.filter(({ run }) => run))('prints what the page says: $at', async (block) => {
    const printed = await outputOf(block, {
      '@luminous-nix/self-healing': library,
      '@luminous-nix/self-healing/checks': checks,
      '@luminous-nix/self-healing/prometheus': prometheus,
      '@luminous-nix/self-healing/testing': testing,
    });
    expect(printed).toBe(block.expected);
  });

  test('uses `await using` once, labelled with the version that it needs', () => {
    const using = programs.filter(({ code }) => /\bawait using\b/.test(code));
    expect(using.map(({ info }) => info)).toEqual(['node>=24']);
  });

  test('closes its engine in `finally`, unless it only creates one', () => {
    const open = plain.filter(
      ({ code }) =>
        /detectAndHeal|startMonitoring|detectIssues/.test(code) && !/finally|\.close\(\)\);/.test(code),
    );
    expect(open.map(({ at }) => at)).toEqual([]);
  });
});

test.each(inLanguage('json'))('a JSON block of the documentation can be parsed: $at', ({ code }) => {
  expect(() => JSON.parse(code) as unknown).not.toThrow();
});

describe('a command block of the documentation', () => {
  const { scripts, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
    version: string;
  };

  /** Returns what is wrong with a command, or `undefined`. */
  function problem(command: string): string | undefined {
    const [, name = ''] = /^npm (?:run )?([\w:-]+)( -- .*)?$/.exec(command) ?? [];
    if (name in scripts || ['npm ci', 'npm pack'].includes(command)) return undefined;
    if (command === 'npx luminous-healing look') return undefined;
    if (command === `npm install ./luminous-nix-self-healing-${version}.tgz`) return undefined;
    const [, example] = /^node examples\/run\.mjs ([\w-]+)$/.exec(command) ?? [];
    if (example !== undefined && existsSync(join(root, `examples/${example}.ts`))) return undefined;
    // Read-only commands are allowed; a page has no commands that change a host.
    if (/^(systemctl (status|show|list-units)|journalctl -u) [\w.=, -]+$/.test(command)) return undefined;
    if (/^(readlink -f( \/[\w/-]+)+|nix-env -p [\w/]+ --list-generations)$/.test(command)) return undefined;
    return `unknown command: ${command}`;
  }

  // The steps of docs/systemd.md change a host: a system test runs them.
  test.each(inLanguage('sh').filter(({ info }) => info !== 'steps'))(
    'contains only existing commands: $at',
    ({ code }) => {
      const commands = code
        .split('\n')
        .map((line) => line.replace(/(^|\s+)#.*/, ''))
        .flatMap((line) => line.split(' && '))
        .map((command) => command.replace(/^([A-Z_]+=\S+ )+/, '').trim())
        .filter(Boolean);
      expect(commands.map(problem).filter(Boolean)).toEqual([]);
    },
  );
});

describe('a link of the documentation', () => {
  const anchorsOf = (text: string): string[] =>
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replace(/\s/g, '-'),
    );

  const links = pages.flatMap(({ file, text }) =>
    [...text.replace(/^```.*?^```$/gms, '').matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => ({ file, target }))
      .filter(({ target }) => !/^https?:/.test(target)),
  );

  test.each(links)('has an existing target: $target in $file', ({ file, target }) => {
    const [path = '', anchor] = target.split('#');
    const full = path === '' ? join(root, file) : join(root, dirname(file), path);
    expect(existsSync(full)).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(readFileSync(full, 'utf8'))).toContain(anchor);
  });
});

describe('the documentation of the gates', () => {
  const page = (file: string): string => pages.find((one) => one.file === file)?.text ?? '';
  /** Returns the words in code font in the first column of every table. */
  const firstColumn = (text: string): string[] =>
    [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, word = '']) => word);

  test('explains every reason for not acting, in the order of the gates', () => {
    const reasons = firstColumn(page('docs/troubleshooting.md')).filter((word) => /^[a-z-]+$/.test(word));
    expect(reasons).toEqual([...library.BLOCK_REASONS]);
  });
});

test('the documentation quotes only sentences that occur in the sources', () => {
  const sentences = sentenceMatchers();
  const quotes = pages.flatMap(({ text }) => [...text.matchAll(/^> (.*)$/gm)].map(([, quote = '']) => quote));
  expect(quotes.length).toBeGreaterThan(5);
  expect(quotes.filter((quote) => !sentences.some((matches) => matches(quote)))).toEqual([]);
}, 60_000);
