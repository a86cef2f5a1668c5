// Measures how strong the unit tests are: makes small changes (mutants) to source files, one at a time and in memory
// only, and runs the unit tests that reach each. A mutant that passes them all survives: a test is missing.
//
//   npm run mutate -- src/repair/proof.ts src/gates      files or folders
//     --lines 10-40          only mutants of these lines
//     --every 5              every fifth mutant only
//     --limit 60             seconds for one mutant; one that takes longer counts as killed
//     --near                 only tests in the folder of the same name under test/
//     --markdown FILE        also writes the report
//
// The tests of histories (test/properties), of texts at random (test/fuzz) and of the repository itself are left out:
// they find a mutant by luck, or read the sources as text.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath, URL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadConfigFromFile } from 'vite';
import { createVitest } from 'vitest/node';
import { LEFT_OUT, mutantsOf, withProbes } from './mutants.mjs';
import { reportOf } from './mutants-report.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lines: { type: 'string' },
    every: { type: 'string', default: '1' },
    limit: { type: 'string', default: '60' },
    near: { type: 'boolean', default: false },
    markdown: { type: 'string' },
  },
});
const OUT = [
  'properties',
  'fuzz',
  'docs',
  'package',
  'scripts',
  'architecture',
  'examples',
  'profiles',
  'simulation',
];

const paths = positionals.flatMap((given) =>
  statSync(join(root, given)).isDirectory()
    ? readdirSync(join(root, given), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(given, name))
    : [given],
);
if (paths.length === 0) {
  console.error('Usage: npm run mutate -- src/repair/proof.ts … (files or folders under src)');
  process.exit(2);
}
const sources = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));

/** Text of a file in place of what is on the disk: the tree is never written to. */
const replaced = new Map();
const replaces = {
  name: 'mutants',
  enforce: 'pre',
  load: (id) => replaced.get(relative(root, id.split('?')[0])),
};

const scratch = mkdtempSync(join(tmpdir(), 'mutants-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
const setup = join(scratch, 'setup.mjs');
const hits = join(scratch, 'hits');
// Each test file appends the functions that it reached, as one line.
writeFileSync(
  setup,
  `import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, expect } from '${import.meta.resolve('vitest')}';
const reached = new Set();
beforeAll(() => {
  reached.clear();
  globalThis.__reached = (path, scope) => void reached.add(path + ':' + scope);
});
afterAll(() => {
  if (reached.size > 0)
    appendFileSync(${JSON.stringify(hits)}, JSON.stringify([expect.getState().testPath, ...reached]) + '\\n');
});
`,
);
writeFileSync(hits, '');

const unit = await loadUnit();
const vitest = await createVitest(
  'test',
  {
    ...unit.test,
    ...{ config: false, root, watch: false, bail: 1, maxWorkers: 1, pool: 'forks', reporters: [{}] },
    ...{ setupFiles: [setup], testTimeout: 10_000, dangerouslyIgnoreUnhandledErrors: false },
    exclude: [...unit.test.exclude, ...OUT.flatMap((name) => [`test/${name}/**`, `test/${name}.test.ts`])],
  },
  { resolve: unit.resolve, plugins: [...unit.plugins, replaces], server: { watch: null } },
);
const files = await vitest.globTestSpecifications();
const specOf = new Map(files.map((spec) => [spec.moduleId, spec]));

const results = [];
try {
  const reached = await reach();
  for (const path of paths) results.push({ path, mutants: await measure(path, reached) });
} finally {
  await vitest.close();
}
const report = reportOf(results, LEFT_OUT);
console.log(report);
if (values.markdown !== undefined) writeFileSync(values.markdown, report);
process.exit(0);

async function loadUnit() {
  const { config } = await loadConfigFromFile(
    { command: 'serve', mode: 'test' },
    join(root, 'vitest.config.ts'),
  );
  return config.test.projects.find(({ test }) => test.name === 'unit');
}

/** Runs all tests once with probes. Returns the test files that reach a function: those of its room first, and the quickest first. */
async function reach() {
  for (const [path, source] of sources) replaced.set(path, withProbes(path, source));
  const specs = files.filter(({ moduleId }) => !values.near || paths.some((path) => isNear(moduleId, path)));
  console.error(`${specs.length} test files run once, to see which reach what …`);
  const { testModules } = await vitest.runTestSpecifications(specs);
  const failed = testModules.filter((one) => one.state() === 'failed');
  if (failed.length > 0)
    throw new Error(`Fails without a mutant: ${failed.map((one) => one.moduleId).join(', ')}`);
  for (const path of sources.keys()) restore(path);
  const cost = new Map(testModules.map((one) => [one.moduleId, one.diagnostic().duration]));
  const lines = readFileSync(hits, 'utf8').split('\n').filter(Boolean);
  const all = lines.map((line) => JSON.parse(line));
  all.sort(([a], [b]) => (cost.get(a) ?? 0) - (cost.get(b) ?? 0));
  return (path, scope) => {
    // The top level of a module is run by every test that uses one of its functions.
    const isReached = (hit) => (scope === -1 ? hit.startsWith(`${path}:`) : hit === `${path}:${scope}`);
    const tests = all.filter(([, ...own]) => own.some(isReached)).map(([test]) => test);
    const near = tests.filter((test) => isNear(test, path));
    return [...near, ...tests.filter((test) => !near.includes(test))].map((test) => specOf.get(test));
  };
}

async function measure(path, reached) {
  const source = sources.get(path);
  const [from = 1, to = Infinity] = values.lines?.split('-').map(Number) ?? [];
  const mutants = mutantsOf(path, source).filter(
    ({ line }, index) => line >= from && line <= to && index % Number(values.every) === 0,
  );
  console.error(`${path}: ${mutants.length} mutants`);
  for (const [index, mutant] of mutants.entries()) {
    const { start, end, text, line } = mutant;
    mutant.before = source.slice(start, end);
    replace(path, source.slice(0, start) + text + source.slice(end));
    const specs = reached(path, mutant.scope);
    mutant.state = specs.length === 0 ? 'not reached' : await verdict(specs);
    if (mutant.state !== 'killed')
      console.error(`  ${index + 1}/${mutants.length} ${path}:${line} ${mutant.state}: ${oneLine(mutant)}`);
  }
  restore(path);
  return mutants;
}

/** Runs tests until one fails. A worker that does not end in time is killed, and so is the mutant. */
async function verdict(specs) {
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      for (const pid of workers()) process.kill(pid, 'SIGKILL');
    },
    Number(values.limit) * 1000,
  );
  try {
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specs);
    const isFailed = testModules.some((one) => one.state() === 'failed') || unhandledErrors.length > 0;
    return late || isFailed ? 'killed' : 'survived';
  } catch (error) {
    // A run that breaks for another reason than the mutant proves nothing.
    if (late) return 'killed';
    throw error;
  } finally {
    clearTimeout(timer);
    // A change that breaks nothing but the run itself is no reason to fail this program.
    process.exitCode = 0;
  }
}

/** Own children that run tests. */
function workers() {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.map(Number).filter((pid) => /vitest/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')));
}

/** Returns whether a test is in the folder of the room of a source. */
function isNear(test, path) {
  return test.startsWith(join(root, 'test', path.split('/')[1], '/'));
}

function replace(path, text) {
  replaced.set(path, text);
  vitest.invalidateFile(join(root, path));
}

function restore(path) {
  replaced.delete(path);
  vitest.invalidateFile(join(root, path));
}

function oneLine({ before, text }) {
  return `${before} → ${text}`.replace(/\s+/g, ' ').slice(0, 140);
}
