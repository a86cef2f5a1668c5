import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

interface Import {
  /** A file under src, or the name of a package. */
  readonly to: string;
  readonly kind: 'value' | 'type' | 'dynamic';
}

interface Source {
  /** Path under src. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    return { path, lines: text.trimEnd().split('\n').length, imports: importsOf(path, text) };
  });

/** Every import, re-export and dynamic import of a file. */
function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Expression | undefined, kind: Import['kind']): void => {
    if (!specifier || !ts.isStringLiteral(specifier)) return;
    const { text: name } = specifier;
    const to = name.startsWith('.')
      ? relative(SRC, join(SRC, dirname(path), name)).replace(/\.js$/, '.ts')
      : name;
    found.push({ to, kind });
  };
  const allTypes = (elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[]): boolean =>
    elements.length > 0 && elements.every(({ isTypeOnly }) => isTypeOnly);
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { importClause: clause } = node;
      const named = clause?.namedBindings;
      const onlyTypes =
        clause?.name === undefined &&
        named !== undefined &&
        ts.isNamedImports(named) &&
        allTypes(named.elements);
      add(node.moduleSpecifier, (clause?.isTypeOnly ?? false) || onlyTypes ? 'type' : 'value');
    } else if (ts.isExportDeclaration(node)) {
      const named = node.exportClause;
      const onlyTypes = named !== undefined && ts.isNamedExports(named) && allTypes(named.elements);
      add(node.moduleSpecifier, node.isTypeOnly || onlyTypes ? 'type' : 'value');
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], 'dynamic');
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, 'type');
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}

/** Files, as lines for a person, whose imports break a rule. */
const broken = (rule: (source: Source, one: Import) => boolean): string[] =>
  sources.flatMap((source) =>
    source.imports
      .filter((one) => rule(source, one))
      .map(({ to, kind }) => `${source.path} imports ${to} (${kind})`),
  );
const isIn = (path: string, ...folders: string[]): boolean =>
  folders.some((folder) => path.startsWith(folder));

describe('the sources', () => {
  it('are read by this test at all', () => {
    expect(sources.length).toBeGreaterThan(50);
    const engine = sources.find(({ path }) => path === 'engine.ts');
    expect(engine?.imports).toContainEqual({ to: 'errors.ts', kind: 'value' });
    expect(engine?.imports).toContainEqual({ to: 'options.ts', kind: 'type' });
  });

  it('import only files that are there', () => {
    const paths = new Set(sources.map(({ path }) => path));
    expect(broken((_source, { to }) => to.endsWith('.ts') && !paths.has(to))).toEqual([]);
  });

  it('are small: no file has more than 250 lines, and the engine at most 340', () => {
    expect(sources.filter(({ lines }) => lines > 250).map(({ path, lines }) => `${path}: ${lines}`)).toEqual(
      [],
    );
    expect(sources.find(({ path }) => path === 'engine.ts')?.lines).toBeLessThanOrEqual(340);
  });
});

describe('the words', () => {
  it.each(['errors.ts', 'issue.ts'])('%s imports nothing', (path) => {
    expect(broken((source) => source.path === path)).toEqual([]);
  });
});

describe('adapters', () => {
  const ADAPTERS = [
    'host/local-host.ts',
    'host/portable.ts',
    'host/linux/',
    'host/nixos/',
    'execute/permission-handler.ts',
    'execute/run-',
    'execute/service-client.ts',
    'execute/helper-',
    'guard/file-store.ts',
    'resolve/resolver.ts',
    'observe/',
    'service/',
    'testing/',
  ];

  it('are chosen in defaults.ts: neither the engine nor what watches and repairs imports one', () => {
    const rule = ({ path }: Source, { to, kind }: Import): boolean =>
      kind !== 'type' &&
      (/^(engine|create|options|events)/.test(path) || isIn(path, 'heal/', 'repair/', 'watch/')) &&
      isIn(to, ...ADAPTERS);
    expect(broken(rule)).toEqual([]);
  });

  it('of the host are imported only by defaults.ts and by what works without an engine', () => {
    const ALLOWED = [
      'defaults.ts',
      'detect/detector.ts',
      'execute/permission-handler.ts',
      'host/',
      'service/',
    ];
    const rule = ({ path }: Source, { to, kind }: Import): boolean =>
      kind !== 'type' &&
      isIn(to, 'host/local-host.ts', 'host/portable.ts', 'host/linux/', 'host/nixos/') &&
      !isIn(path, ...ALLOWED);
    expect(broken(rule)).toEqual([]);
  });

  it('of tests are imported by no source', () => {
    expect(broken(({ path }, { to }) => isIn(to, 'testing/') && !isIn(path, 'testing/'))).toEqual([]);
  });

  it('of ready-made checks are imported by the daemon only: the root costs nothing more', () => {
    expect(broken(({ path }, { to }) => isIn(to, 'checks/') && !isIn(path, 'checks/', 'service/'))).toEqual(
      [],
    );
  });

  it('that systemd runs are imported by nothing else', () => {
    expect(broken(({ path }, { to }) => isIn(to, 'service/') && !isIn(path, 'service/'))).toEqual([]);
  });
});

describe('pure rooms', () => {
  const PURE = [
    'detect/cpu.ts',
    'detect/memory.ts',
    'detect/load.ts',
    'detect/disk.ts',
    'detect/services.ts',
    'detect/system.ts',
    'detect/oom.ts',
    'guard/claims.ts',
    'guard/relapse.ts',
    'guard/record-act.ts',
    'guard/safety.ts',
    'guard/protected.ts',
    'guard/pacing.ts',
    'guard/decide.ts',
    'guard/record.ts',
    'guard/state.ts',
    'guard/storm.ts',
    'heal/explain.ts',
    'repair/proof.ts',
    'repair/result.ts',
    'repair/slots.ts',
    'resolve/',
    'service/helper/history.ts',
    'service/helper/limits.ts',
    'service/helper/policy.ts',
    'service/helper/peer.ts',
    'service/helper/strict-json.ts',
    'shape.ts',
    'watch/debounce.ts',
    'watch/open-issues.ts',
    'watch/outdated.ts',
    'words.ts',
    'expect.ts',
  ];

  it('are there: a file that moved is still under its rule', () => {
    expect(PURE.filter((room) => !sources.some(({ path }) => isIn(path, room)))).toEqual([]);
  });

  it('import nothing of Node and nothing that touches the world', () => {
    const rule = ({ path }: Source, { to, kind }: Import): boolean =>
      kind !== 'type' &&
      isIn(path, ...PURE) &&
      (to.startsWith('node:') || isIn(to, 'execute/', 'host/linux/', 'host/local'));
    expect(broken(rule)).toEqual([]);
  });
});

describe('the loop', () => {
  /** The rooms that each may import, as the table of the design has them; what is not a room yet is left out. */
  const ROOMS = ['actions/', 'detect/', 'execute/', 'guard/', 'heal/', 'host/', 'observe/', 'report/'];
  const ALSO = ['repair/', 'resolve/', 'service/', 'testing/', 'watch/'];
  const MAY: Readonly<Record<string, readonly string[]>> = {
    // The rules on generations stand in heal/ until they have a room of their own.
    'repair/': [
      ...['repair/', 'resolve/', 'execute/', 'actions/', 'heal/generation-'],
      ...['guard/', 'detect/', 'report/', 'host/'],
    ],
    // Ready-made checks are checks: they know nothing of repairs.
    'checks/': ['checks/', 'detect/', 'guard/', 'host/'],
    // So do the counts and the recent results.
    'watch/': ['watch/', 'repair/', 'heal/', 'report/', 'detect/', 'guard/', 'host/'],
  };

  it.each(Object.entries(MAY))('%s imports only the rooms behind it', (room, may) => {
    const rule = ({ path }: Source, { to }: Import): boolean =>
      isIn(path, room) && isIn(to, ...ROOMS, ...ALSO) && !isIn(to, ...may);
    expect(broken(rule)).toEqual([]);
  });

  it('goes one way: what repairs does not know what watches', () => {
    const behind = ['repair/', 'guard/', 'detect/', 'actions/', 'execute/', 'resolve/', 'host/'];
    expect(broken(({ path }, { to }) => isIn(path, ...behind) && isIn(to, 'watch/'))).toEqual([]);
  });

  it('is loaded late: only the door to it is imported by what watches', () => {
    const rule = ({ path }: Source, { to, kind }: Import): boolean =>
      kind === 'value' &&
      isIn(path, 'watch/') &&
      isIn(to, 'repair/') &&
      !isIn(to, 'repair/load.ts', 'repair/slots.ts');
    expect(broken(rule)).toEqual([]);
  });
});

describe('packages', () => {
  const HEAVY: Readonly<Record<string, readonly string[]>> = {
    execa: ['execute/'],
    systeminformation: ['host/portable'],
    'prom-client': ['observe/'],
    '@humanwhocodes/momoa': ['service/config/'],
  };
  const LIGHT = ['fastest-levenshtein'];
  /** What is built into the page, and the page as the build makes it. */
  const BUILT_IN: Readonly<Record<string, string>> = {
    uplot: 'observe/dashboard/page/',
    'dashboard:page': 'observe/dashboard/site.ts',
  };
  const isPackage = ({ to }: Import): boolean => !/\.(ts|css|json)$/.test(to) && !to.startsWith('node:');

  it.each(Object.entries(HEAVY))('%s is imported only in %s', (name, rooms) => {
    expect(broken(({ path }, { to }) => to === name && !isIn(path, ...rooms))).toEqual([]);
  });

  it('that are heavy load when they are first needed, never at import', () => {
    expect(broken((_source, { to, kind }) => to in HEAVY && kind === 'value')).toEqual([]);
  });

  it('are few: nothing else is imported', () => {
    expect(
      broken(
        (_source, one) =>
          isPackage(one) && !(one.to in HEAVY) && !(one.to in BUILT_IN) && !LIGHT.includes(one.to),
      ),
    ).toEqual([]);
  });

  it.each(Object.entries(BUILT_IN))('%s is imported only in %s', (name, room) => {
    expect(broken(({ path }, { to }) => to === name && !isIn(path, room))).toEqual([]);
  });

  it('and rooms of Node that are heavy, too', () => {
    const heavy = ['node:http', 'node:https', 'node:http2'];
    expect(broken((_source, { to, kind }) => heavy.includes(to) && kind === 'value')).toEqual([]);
  });

  it('that are ESM only are in no type that the root gives out', () => {
    expect(broken((_source, { to, kind }) => to === 'execa' && kind === 'type')).toEqual([]);
  });

  it('are not needed by the door `testing`', () => {
    expect(broken(({ path }, one) => isIn(path, 'testing/') && isPackage(one))).toEqual([]);
  });
});

describe('the client of the message bus', () => {
  it('knows nothing of systemd: it imports only itself, errors and Node', () => {
    const BUS = 'host/systemd/bus/';
    expect(
      broken(({ path }, { to }) => isIn(path, BUS) && !to.startsWith('node:') && !isIn(to, BUS, 'errors.ts')),
    ).toEqual([]);
  });
});

describe('the page of the dashboard', () => {
  const PAGE = 'observe/dashboard/page/';
  const VIEW = 'observe/dashboard/view/';

  it('is imported by no source, and imports only itself, its charts, what it shows and what makes a text printable', () => {
    expect(broken(({ path }, { to }) => isIn(to, PAGE) && !isIn(path, PAGE))).toEqual([]);
    expect(
      broken(
        ({ path }, { to }) => isIn(path, PAGE) && !isIn(to, PAGE, VIEW, 'printable.ts') && to !== 'uplot',
      ),
    ).toEqual([]);
  });

  it('shows views that are pure: made without Node and without the world', () => {
    expect(
      broken(
        ({ path }, { to }) => isIn(path, VIEW) && (to.startsWith('node:') || isIn(to, 'execute/', 'host/')),
      ),
    ).toEqual([]);
  });

  it('and its site are loaded with the first request', () => {
    expect(
      broken(
        ({ path }, { to, kind }) =>
          to === 'observe/dashboard/site.ts' && kind === 'value' && !isIn(path, 'observe/dashboard/site'),
      ),
    ).toEqual([]);
  });
});

describe('circles', () => {
  it('are none among imports of values', () => {
    const edges = new Map(
      sources.map(({ path, imports }) => [
        path,
        imports.filter(({ to, kind }) => kind !== 'type' && to.endsWith('.ts')).map(({ to }) => to),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (trail.includes(path) || done.has(path)) return;
      for (const next of edges.get(path) ?? []) walk(next, [...trail, path]);
      done.add(path);
    };
    for (const { path } of sources) walk(path, []);
    expect(circles).toEqual([]);
  });
});

describe('modules that load later', () => {
  it('are imported inside `lazy()` only, which keeps Node from remembering a failure for ever', () => {
    const bare = sources.flatMap(({ path }) => {
      const text = readFileSync(join(SRC, path), 'utf8');
      const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
      const isLate = (node: ts.Node | undefined): boolean =>
        node !== undefined &&
        ((ts.isCallExpression(node) && node.expression.getText(file) === 'lazy') || isLate(node.parent));
      const found: string[] = [];
      const visit = (node: ts.Node): void => {
        if (
          ts.isCallExpression(node) &&
          node.expression.kind === ts.SyntaxKind.ImportKeyword &&
          // What is built into Node is no file.
          !node.arguments[0]!.getText(file).startsWith("'node:") &&
          !isLate(node)
        )
          found.push(`${path}: ${node.getText(file)}`);
        ts.forEachChild(node, visit);
      };
      visit(file);
      return found;
    });
    expect(bare).toEqual([]);
  });
});
