import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

interface Import {
  /** Path below src, or the name of a package. */
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

/** Returns the files whose imports violate a rule, as readable lines. */
const broken = (rule: (source: Source, one: Import) => boolean): string[] =>
  sources.flatMap((source) =>
    source.imports
      .filter((one) => rule(source, one))
      .map(({ to, kind }) => `${source.path} imports ${to} (${kind})`),
  );
const isIn = (path: string, ...folders: string[]): boolean =>
  folders.some((folder) => path.startsWith(folder));

describe('the source files', () => {
  it('are found by this test', () => {
    expect(sources.length).toBeGreaterThan(50);
    const engine = sources.find(({ path }) => path === 'engine/engine.ts');
    expect(engine?.imports).toContainEqual({ to: 'base/errors.ts', kind: 'value' });
    expect(engine?.imports).toContainEqual({ to: 'engine/options.ts', kind: 'type' });
  });

  it('import only files that exist', () => {
    const paths = new Set(sources.map(({ path }) => path));
    expect(broken((_source, { to }) => to.endsWith('.ts') && !paths.has(to))).toEqual([]);
  });

  it('are small: no file has more than 250 lines, and the engine and the permission handler at most 340', () => {
    const LARGE = ['engine/engine.ts', 'execute/permission-handler.ts'];
    const most = (path: string): number => (LARGE.includes(path) ? 340 : 250);
    const over = sources.filter(({ path, lines }) => lines > most(path));
    const told = over.map(
      ({ path, lines }) => `${path} has ${lines} lines, more than ${most(path)}: split it in this change`,
    );
    expect(told).toEqual([]);
  });

  it('keep to the budget of the core: at most 14,250 lines, comments included', () => {
    const CORE = [
      'base',
      'model',
      'detect',
      'memory',
      'gates',
      'generations',
      'resolve',
      'repair',
      'watch',
      'report',
    ];
    const rooms = [...CORE, 'engine'].map((room) => `${room}/`);
    const core = sources.filter(({ path }) => isIn(path, ...rooms));
    expect(core.reduce((sum, { lines }) => sum + lines, 0)).toBeLessThanOrEqual(14_250);
  });
});

/** Rooms, and the rooms that each may import, as in the design. `*`: all rooms. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  host: ['model', 'base'],
  detect: ['host', 'model', 'base'],
  memory: ['model', 'base'],
  gates: ['memory', 'detect', 'model', 'base'],
  generations: ['memory', 'detect', 'host', 'model', 'base'],
  resolve: ['detect', 'model', 'base'],
  actions: ['generations', 'memory', 'detect', 'host', 'model', 'base'],
  execute: ['actions', 'gates', 'memory', 'detect', 'host', 'model', 'base'],
  report: ['memory', 'gates', 'model', 'base'],
  repair: [
    ...['resolve', 'execute', 'actions', 'generations', 'gates', 'memory', 'detect', 'report', 'host'],
    ...['model', 'base'],
  ],
  watch: ['repair', 'report', 'gates', 'detect', 'generations', 'memory', 'host', 'model', 'base'],
  engine: [
    ...['repair', 'watch', 'report', 'detect', 'generations', 'memory', 'gates', 'resolve', 'actions'],
    ...['execute', 'host', 'model', 'base'],
  ],
  checks: ['detect', 'memory', 'host', 'model', 'base'],
  // Only types of the engine.
  observe: ['report', 'engine', 'model', 'base'],
  service: ['*'],
  testing: ['*'],
};
const roomOf = (path: string): string => path.slice(0, path.indexOf('/'));
/** Files that choose adapters: the defaults, and modules that also work without an engine. */
const CHOOSES_ADAPTERS = ['engine/defaults.ts', 'detect/detector.ts', 'execute/permission-handler.ts'];

describe('the rooms of src', () => {
  it('are all in the table, each with one public module', () => {
    const found = sources.map(({ path }) => path).filter((path) => !(roomOf(path) in ROOMS));
    expect(found).toEqual(['index.ts']);
    expect(Object.keys(ROOMS).filter((room) => !sources.some(({ path }) => roomOf(path) === room))).toEqual(
      [],
    );
  });

  const limited = Object.entries(ROOMS).filter(([, may]) => !may.includes('*'));
  it.each(limited)('%s imports only the rooms that the table allows', (room, may) => {
    const rule = ({ path }: Source, { to }: Import): boolean =>
      roomOf(path) === room && to.endsWith('.ts') && roomOf(to) !== room && !may.includes(roomOf(to));
    expect(broken(rule)).toEqual([]);
  });

  it('observe imports only types of the engine', () => {
    const rule = ({ path }: Source, { to, kind }: Import): boolean =>
      isIn(path, 'observe/') && isIn(to, 'engine/') && kind !== 'type';
    expect(broken(rule)).toEqual([]);
  });

  it.each(['checks', 'service', 'testing'])('%s is imported by no room of the core', (room) => {
    const rule = ({ path }: Source, { to }: Import): boolean =>
      isIn(to, `${room}/`) && !isIn(path, 'checks/', 'service/', 'testing/');
    expect(broken(rule)).toEqual([]);
  });

  it('of repairs are loaded late: the monitoring rooms import only their public module', () => {
    const rule = ({ path }: Source, { to, kind }: Import): boolean =>
      kind === 'value' &&
      isIn(path, 'watch/') &&
      isIn(to, 'repair/') &&
      !isIn(to, 'repair/load.ts', 'repair/slots.ts', 'repair/plan-memory.ts');
    expect(broken(rule)).toEqual([]);
  });
});

describe('the adapters', () => {
  const ADAPTERS = [
    'host/local-host.ts',
    'host/portable.ts',
    'host/linux/',
    'host/nixos/',
    'execute/permission-handler.ts',
    'execute/run-',
    'execute/service-client.ts',
    'execute/helper-',
    'memory/file-store.ts',
    'resolve/resolver.ts',
    'observe/',
  ];

  it('are chosen in engine/defaults.ts: neither the engine nor the monitoring and repair rooms import one', () => {
    const rule = ({ path }: Source, { to, kind }: Import): boolean =>
      kind !== 'type' &&
      isIn(path, 'engine/', 'repair/', 'watch/', 'report/', 'generations/') &&
      !CHOOSES_ADAPTERS.includes(path) &&
      isIn(to, ...ADAPTERS);
    expect(broken(rule)).toEqual([]);
  });

  it('of the host are imported only by the defaults and by modules that work without an engine', () => {
    const rule = ({ path }: Source, { to, kind }: Import): boolean =>
      kind !== 'type' &&
      isIn(to, 'host/local-host.ts', 'host/portable.ts', 'host/linux/', 'host/nixos/') &&
      !isIn(path, ...CHOOSES_ADAPTERS, 'actions/set-cpu-governor.ts', 'host/', 'service/');
    expect(broken(rule)).toEqual([]);
  });
});

describe('the pure rooms', () => {
  const PURE = ['model/', 'gates/', 'resolve/', 'report/', 'detect/', 'generations/', 'repair/', 'watch/'];
  it('import nothing from Node', () => {
    expect(
      broken(
        ({ path }, { to, kind }) =>
          kind !== 'type' &&
          isIn(path, ...PURE) &&
          !CHOOSES_ADAPTERS.includes(path) &&
          to.startsWith('node:'),
      ),
    ).toEqual([]);
  });

  it.each([
    'service/helper/history.ts',
    'service/helper/limits.ts',
    'service/helper/policy.ts',
    'service/helper/peer.ts',
    'service/helper/strict-json.ts',
  ])('include %s, which the root helper uses for its decisions', (path) => {
    expect(sources.some((source) => source.path === path)).toBe(true);
    expect(
      broken((source, { to, kind }) => kind !== 'type' && source.path === path && to.startsWith('node:')),
    ).toEqual([]);
  });
});

describe('the imported packages', () => {
  const HEAVY: Readonly<Record<string, readonly string[]>> = {
    execa: ['execute/'],
    systeminformation: ['host/portable'],
    'prom-client': ['observe/'],
    '@humanwhocodes/momoa': ['service/config/'],
  };
  const LIGHT = ['fastest-levenshtein'];
  /** Files that are built into the page, and the built page. */
  const BUILT_IN: Readonly<Record<string, string>> = {
    uplot: 'observe/dashboard/page/',
    'dashboard:page': 'observe/dashboard/site.ts',
  };
  const isPackage = ({ to }: Import): boolean => !/\.(ts|css|json)$/.test(to) && !to.startsWith('node:');

  it.each(Object.entries(HEAVY))('%s is imported only in %s', (name, rooms) => {
    expect(broken(({ path }, { to }) => to === name && !isIn(path, ...rooms))).toEqual([]);
  });

  it('that are heavy are loaded when they are first needed, never at import', () => {
    expect(broken((_source, { to, kind }) => to in HEAVY && kind === 'value')).toEqual([]);
  });

  it('are few: no other package is imported', () => {
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

  it('and modules of Node that are heavy are loaded late', () => {
    const heavy = ['node:http', 'node:https', 'node:http2'];
    expect(broken((_source, { to, kind }) => heavy.includes(to) && kind === 'value')).toEqual([]);
  });

  it('that are ESM only occur in no public type of the root', () => {
    expect(broken((_source, { to, kind }) => to === 'execa' && kind === 'type')).toEqual([]);
  });

  it('are not needed by the sub-path `testing`', () => {
    expect(broken(({ path }, one) => isIn(path, 'testing/') && isPackage(one))).toEqual([]);
  });
});

describe('the client of the message bus', () => {
  it('is independent of systemd: it imports only itself, errors and Node', () => {
    const BUS = 'host/systemd/bus/';
    expect(
      broken(
        ({ path }, { to }) => isIn(path, BUS) && !to.startsWith('node:') && !isIn(to, BUS, 'base/errors.ts'),
      ),
    ).toEqual([]);
  });
});

describe('the page of the dashboard', () => {
  const PAGE = 'observe/dashboard/page/';
  const VIEW = 'observe/dashboard/view/';

  it('is imported by no source file, and imports only itself, its charts, the view types and the escaping of texts', () => {
    expect(broken(({ path }, { to }) => isIn(to, PAGE) && !isIn(path, PAGE))).toEqual([]);
    expect(
      broken(
        ({ path }, { to }) =>
          isIn(path, PAGE) && !isIn(to, PAGE, VIEW, 'base/printable.ts') && to !== 'uplot',
      ),
    ).toEqual([]);
  });

  it('renders views that are built by pure functions, without Node or I/O', () => {
    expect(
      broken(
        ({ path }, { to }) => isIn(path, VIEW) && (to.startsWith('node:') || isIn(to, 'execute/', 'host/')),
      ),
    ).toEqual([]);
  });

  it('and its server modules are loaded with the first request', () => {
    expect(
      broken(
        ({ path }, { to, kind }) =>
          to === 'observe/dashboard/site.ts' && kind === 'value' && !isIn(path, 'observe/dashboard/site'),
      ),
    ).toEqual([]);
  });
});

describe('the import graph', () => {
  it('has no cycle among imports of values', () => {
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

describe('modules that are loaded late', () => {
  it('are imported inside `lazy()` only, because Node caches a failed import for ever', () => {
    const bare = sources.flatMap(({ path }) => {
      const text = readFileSync(join(SRC, path), 'utf8');
      if (!/\bimport\s*\(/.test(text)) return [];
      const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
      const isLate = (node: ts.Node | undefined): boolean =>
        node !== undefined &&
        ((ts.isCallExpression(node) && node.expression.getText(file) === 'lazy') || isLate(node.parent));
      const found: string[] = [];
      const visit = (node: ts.Node): void => {
        if (
          ts.isCallExpression(node) &&
          node.expression.kind === ts.SyntaxKind.ImportKeyword &&
          // Modules that are built into Node have no file.
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
