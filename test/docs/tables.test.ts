import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from '@luminous-nix/self-healing';
import { describe, expect, it, test } from 'vitest';
import { BUILT_IN_CHECKS } from '../../src/model/built-in-checks.js';
import { PART_METHODS } from '../../src/engine/options.js';
import { parsePolicy } from '../../src/service/helper/policy.js';
import { pages, root } from './blocks.js';
import { rowsOf, tablesOf } from './table.js';

const page = (file: string): string => pages.find((one) => one.file === file)?.text ?? '';
const configuration = page('docs/configuration.md');

/** Returns the names in code font in the first column of a table, in order. */
const names = (text: string, heading: string): string[] =>
  rowsOf(text, heading).flatMap(([cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );

/** Returns the option names that a call accepts, as listed in its error for an unknown one. */
function knownBy(call: () => unknown): string[] {
  try {
    call();
  } catch (error) {
    const [, known] = /known: (.*)$/.exec((error as Error).message) ?? [];
    if (known !== undefined) return known.split(', ').sort();
  }
  throw new Error('Expected the unknown option to be refused with a list of the known ones');
}

const ODD = { zzzzzzzzzzzzzzzz: 1 } as object;
const engine = library.createSelfHealingEngine();

describe("docs/configuration.md has exactly the code's", () => {
  test('options', () => {
    expect(names(configuration, 'option').sort()).toEqual(
      knownBy(() => library.createSelfHealingEngine(ODD)),
    );
  });

  test('keys of a service', () => {
    const services = [{ unit: 'nginx', ...ODD }];
    expect(names(configuration, 'key of an entry').sort()).toEqual(
      knownBy(() => library.createSelfHealingEngine({ services })),
    );
  });

  test('thresholds, with their defaults', () => {
    const { loadAverage: _, ...fixed } = { ...engine.detector.thresholds };
    const rows = rowsOf(configuration, 'key');
    const documented = rows.map(([key = '', value]) => [key.slice(1, -1), Number(value)] as const);
    expect(Object.fromEntries(documented.filter(([key]) => key !== 'loadAverage'))).toEqual(fixed);
    expect(documented.map(([key]) => key)).toContain('loadAverage');
  });

  test('checks', () => {
    expect(names(configuration, 'check').filter((name) => !name.includes(':'))).toEqual([
      ...(engine.detector.enabledChecks ?? []),
    ]);
  });

  test('guards, with their defaults', () => {
    const documented = rowsOf(configuration, 'guard').map(([key = '', value = '']) => [
      key.slice(1, -1),
      Number(value.replaceAll(',', '')),
    ]);
    const guards = Object.entries(library.DEFAULT_GUARDS as unknown as Record<string, object>);
    const wanted = guards.flatMap(([group, numbers]) =>
      Object.entries(numbers).map(([key, value]) => [`${group}.${key}`, value as number]),
    );
    expect(new Map(documented as [string, number][])).toEqual(new Map(wanted as [string, number][]));
  });

  test('keys of the policy', () => {
    expect(names(configuration, 'policy key').sort()).toEqual(knownBy(() => parsePolicy(ODD)));
  });

  test('replaceable parts', () => {
    const parts = names(configuration, 'part').filter((name) => /^[A-Z]/.test(name));
    const wanted = [...Object.keys(PART_METHODS), 'store'].map(
      (name) => name[0]!.toUpperCase() + name.slice(1),
    );
    expect(parts.sort()).toEqual(wanted.sort());
  });

  test('events', () => {
    let known: string[] = [];
    try {
      engine.on('zzzzzzzzzzzz' as 'heal:done', () => undefined);
    } catch (error) {
      known = [...(error as Error).message.matchAll(/\w+:\w+/g)].map(([name]) => name);
    }
    expect(names(configuration, 'event').sort()).toEqual([...new Set(known)].sort());
  });

  test('parts of an action', () => {
    // Every key of the type: the compiler rejects this object if one is missing or unknown.
    const wanted: Record<keyof Required<library.ActionDefinition>, true> = {
      ...{ parse: true, plan: true, verify: true, scope: true, risk: true },
      ...{ undo: true, timeoutMs: true, runs: true, settleMs: true },
      ...{ unavailable: true, needsRoot: true },
    };
    expect(names(configuration, 'part of an action').sort()).toEqual(Object.keys(wanted).sort());
  });
});

// A text that names some of them must name all.
test.each(['docs/from-python.md', 'src/detect/detector.ts', 'src/engine/options.ts'])(
  '%s names every built-in check, in the order of the code',
  (file) => {
    const [, named] = /(`cpu`(?:, `\w+`)+)/.exec(readFileSync(join(root, file), 'utf8')) ?? [];
    expect(named).toBe(BUILT_IN_CHECKS.map((name) => `\`${name}\``).join(', '));
  },
);

test('docs/dashboard.md has a row for every section of the page', () => {
  const html = readFileSync(join(root, 'src/observe/dashboard/page/index.html'), 'utf8');
  const sections = [...html.matchAll(/<section\s+id="([\w-]+)"/g)].map(([, id = '']) => id);
  // The other two are in the text: they are shown with a token only.
  const rowOf: Readonly<Record<string, string>> = {
    ...{ headline: 'the sentence', approvals: 'awaiting your approval', issues: 'open issues' },
    ...{ acts: 'repairs', held: 'blocked repairs', breakers: 'breakers' },
    ...{ readings: 'now, and the last hour', capabilities: 'actions on this host', units: 'services' },
  };
  const shown = sections.filter((id) => !['sign-in', 'controls'].includes(id));
  const todo = 'add a row to the table of docs/dashboard.md, and the section with its row to this test';
  expect(Object.keys(rowOf).sort(), todo).toEqual(shown.sort());
  expect(
    rowsOf(page('docs/dashboard.md'), 'part')
      .map(([part]) => part)
      .sort(),
    todo,
  ).toEqual(Object.values(rowOf).sort());
});

test('docs/dashboard.md has exactly the options of SimpleDashboard', () => {
  expect(names(page('docs/dashboard.md'), 'option').sort()).toEqual(
    knownBy(() => new library.SimpleDashboard(engine, ODD)),
  );
});

test('docs/monitoring/README.md has exactly the options of MetricsServer', () => {
  expect(names(page('docs/monitoring/README.md'), 'option').sort()).toEqual(
    knownBy(() => new library.MetricsServer({ healingEngine: engine, ...ODD })),
  );
});

describe('the tables of the documentation', () => {
  const tables = pages.flatMap(({ file, text }) => tablesOf(text).map((one) => ({ file, ...one })));

  test.each(tables)('contain no row twice: $file: $head', ({ head, rows }) => {
    const twice = (values: readonly string[]) => values.filter((value, at) => values.indexOf(value) !== at);
    expect(twice(rows.map((row) => row.join(' | ')))).toEqual([]);
    // A name occurs once; the translated lines of the Python documentation may be repeated.
    if (head[0] === 'Python documentation') return;
    expect(twice(rows.map(([first = '']) => first).filter((cell) => /^`[^`]+`$/.test(cell)))).toEqual([]);
  });
});

it('are parsed, with the duplicate rows of one table', () => {
  const text = '| a | b |\n| - | - |\n| 1 | x \\| y |\n| 1 | x \\| y |\n';
  expect(tablesOf(text)).toEqual([
    {
      head: ['a', 'b'],
      rows: [
        ['1', 'x \\| y'],
        ['1', 'x \\| y'],
      ],
    },
  ]);
});
