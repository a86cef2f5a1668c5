// Measures how strong the unit tests are: makes small changes (mutants) to source files, in memory only, and shows each
// to the unit tests that reach it. A mutant that passes all of them survives: a test is missing.
//
//   npm run mutate -- src/repair src/gates/pacing.ts     files or folders
//     --every 5 --seed 1     every fifth mutant of each file
//     --lines 10-40          only mutants of these lines
//     --tests test/repair    only test files whose path contains this
//     --slow 2000            leaves out tests that take longer, in milliseconds
//     --alone 100            at most so many of the mutants that need a process of their own, spread evenly
//     --markdown FILE        also writes the report
//     --results FILE         keeps what was found, one JSON value a line; a run that was stopped goes on from it;
//                            it is refused for other files, other options or another source
//
// The tests of histories (test/properties), of texts at random (test/fuzz) and of the repository itself are left out:
// they find a mutant by luck, or read the sources as text.
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { parseArgs } from 'node:util';
import { LEFT_OUT } from './mutants.mjs';
import { chosenMutants, digestOf, readResults, root } from './plan.mjs';
import { reportOf, unusableOf } from './report.mjs';

const { values, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: {
    every: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    lines: { type: 'string', default: '1-1000000' },
    tests: { type: 'string', default: '' },
    slow: { type: 'string', default: '2000' },
    alone: { type: 'string', default: '1000000' },
    markdown: { type: 'string' },
    results: { type: 'string' },
  },
});
if (paths.length === 0) {
  console.error('Usage: npm run mutate -- src/repair src/gates/pacing.ts … (files or folders under src)');
  process.exit(2);
}
/** Folders and files of test/ that kill by luck, test no code of src by examples, or need a machine of their own. */
const OUT =
  /^test\/(properties|fuzz|docs|package|scripts|examples|profiles|simulation|system|browser|monitoring|printed|architecture|installed-packages|hostile-texts|actions\/actions\.test|docs\.test)/;
/** Seconds without a sign of life, after which the worker is in a loop that does not end. */
const STALL_SECONDS = 30;

const scratch = mkdtempSync(join(tmpdir(), 'mutants-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const results = values.results ?? join(scratch, 'results');
const heartbeat = join(scratch, 'heartbeat');
const chosen = {
  paths,
  every: Number(values.every),
  seed: values.seed,
  lines: values.lines.split('-').map(Number),
};
const files = chosenMutants(chosen);
const mutants = files.flatMap((file) => file.mutants);
const choice = digestOf(files);
if (!existsSync(results)) writeFileSync(results, `${JSON.stringify({ choice })}\n`);
if (readResults(results)[0]?.choice !== choice) {
  console.error(`${results} is of other files, other options or an earlier source: use another file`);
  process.exit(2);
}
const near = paths.map((path) => path.replace(/^src/, 'test').replace(/\/[^/]*\.ts$/, ''));
const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name))
  .filter((name) => name.endsWith('.test.ts') && !OUT.test(name) && name.includes(values.tests))
  .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
console.error(`${mutants.length} mutants, ${tests.length} test files`);

await runAll();
runOutside();
const found = readResults(results);
const text = reportOf(mutants, found, LEFT_OUT);
console.log(text);
if (values.markdown) writeFileSync(values.markdown, text);

/** The tests of the same room first: they are the quickest, and what they kill need not be shown to the others. */
function rank(test) {
  if (near.some((folder) => test.startsWith(`${folder}/`))) return 0;
  return /^test\/(ports|service|checks)\//.test(test) ? 2 : 1;
}

function environment(more) {
  const given = { ...chosen, results, heartbeat, tests, slowMs: Number(values.slow), fixed: 0, ...more };
  // Each try of a test adds a listener to its signal, of which Node warns.
  return { ...process.env, NODE_OPTIONS: '--no-warnings', MUTATION_PLAN: JSON.stringify(given) };
}

/**
 * Runs all tests against all mutants. A worker that hangs is killed, and the next one goes on after its mutant; so it
 * does after a mutant that ended the worker, for example by a signal.
 */
async function runAll() {
  while ((await isStalled(tests)) || isUnfinished()) {
    const { id, test, phase } = JSON.parse(readFileSync(heartbeat, 'utf8'));
    // After a mutant that has failed in time, what hangs is what it left behind: it is tried alone.
    const entry =
      phase === 'mutant'
        ? { killed: id, test, isLate: true }
        : { hung: id, ...(id === undefined && { done: test }) };
    appendFileSync(results, `${JSON.stringify(entry)}\n`);
  }
  // A test that failed without a mutant, because of what one before it left behind, gets a new process.
  const again = unusableOf(readResults(results)).map((name) => name.split(' > ')[0]);
  if (again.length > 0) await isStalled([...new Set(again)]);
}

/** Returns the test that the worker tries now; `undefined` before the first, and while the worker writes the next one. */
function currentTest() {
  try {
    return JSON.parse(readFileSync(heartbeat, 'utf8')).test;
  } catch {
    return undefined;
  }
}

/** Returns whether the last test that a worker tried has no result: the worker ended with it. */
function isUnfinished() {
  const test = currentTest();
  if (test === undefined) return false;
  return !readResults(results).some(({ done, unusable }) => done === test || unusable === test);
}

/** Runs a worker to its end, or kills it when it gives no sign of life; returns whether that was so. */
async function isStalled(tests) {
  writeFileSync(heartbeat, '{}');
  const child = spawn(...command(), {
    ...{ cwd: root, env: environment({ tests }), detached: true },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const stop = () => process.kill(-child.pid, 'SIGKILL');
  let isKilled = false;
  const timer = setInterval(() => {
    const seconds = (Date.now() - statSync(heartbeat).mtimeMs) / 1000;
    if (seconds < STALL_SECONDS || currentTest() === undefined) return;
    isKilled = true;
    stop();
  }, 1000);
  const interrupt = () => {
    stop();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, interrupt);
  const code = await new Promise((resolve) => child.on('close', resolve));
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupt);
  clearInterval(timer);
  if (!isKilled && code !== 0) console.error(`vitest ended with ${code}`);
  return isKilled;
}

/**
 * Runs the test files again for each mutant that is left and is run while modules are loaded, or is not certain, in a
 * separate process.
 */
function runOutside() {
  const found = readResults(results);
  const killed = new Set(found.flatMap((one) => one.killed ?? []));
  const alone = new Set(found.flatMap((one) => one.alone ?? []));
  const outside = new Set(
    found.flatMap(({ outside = [], unsure = [], hung = [] }) => [outside, unsure, hung].flat()),
  );
  const failed = new Set(found.flatMap((one) => (one.failed ? [one.file] : [])));
  const unusable = unusableOf(found);
  const left = mutants.filter(({ id, isOnLoad }) => !killed.has(id) && (isOnLoad || outside.has(id)));
  const step = Math.max(1, Math.ceil(left.length / Number(values.alone)));
  for (const { id, path } of left.filter((_, index) => index % step === 0)) {
    if (alone.has(id)) continue;
    const reaching = found
      .filter((one) => one.files?.includes(path) && !failed.has(one.file))
      .map((one) => relative(root, one.file))
      .filter((file) => !unusable.some((name) => name.startsWith(file)));
    const files = [...new Set(reaching)].sort((a, b) => rank(a) - rank(b)).slice(0, 25);
    // A file that is only read on load is reached by no test that is known: its mutants are not tried, and do not survive.
    if (files.length === 0) continue;
    const isRed =
      spawnSync(...command('--bail', '1'), {
        cwd: root,
        env: environment({ fixed: id, tests: files }),
        timeout: 120_000,
      }).status !== 0;
    appendFileSync(
      results,
      `${JSON.stringify({ alone: id, ...(isRed && { killed: id, test: files.join(' ') }) })}\n`,
    );
  }
}

function command(...more) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  return [
    process.execPath,
    [vitest, 'run', '--config', join(root, 'test/mutate/vitest.config.mjs'), ...more],
  ];
}
