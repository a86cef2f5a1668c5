// Runs inside a test host: what fresh processes cost, each in turns with one that does nothing, and the heap of a cycle.
// Input: { processes, cycles, thresholds }; prints JSON.
import console from 'node:console';
import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { argv, execPath } from 'node:process';
import { fileURLToPath, pathToFileURL, URL } from 'node:url';
import { promisify } from 'node:util';
import { median, ratio } from '../statistics.mjs';

const call = promisify(execFile);
const fileHere = (name) => fileURLToPath(new URL(name, import.meta.url));
const ROOT = pathToFileURL(fileHere('../../dist/index.js')).href;
const NOTHING = fileHere('./nothing.mjs');
/** Modules that the import of the root must not load. */
const HEAVY = ['execa', 'prom-client', 'systeminformation'];

const { processes, cycles, thresholds } = JSON.parse(argv[2]);
const say = (text) => console.error(`start: ${text}`);

async function probe(args, nodeArgs = []) {
  const { stdout } = await call(execPath, [...nodeArgs, ...args]);
  return JSON.parse(stdout);
}

async function wallMs(args) {
  const start = performance.now();
  await call(execPath, args);
  return performance.now() - start;
}

async function measureImport() {
  const all = { root: [], nothing: [] };
  for (let i = 0; i < processes; i++) {
    all.nothing.push(await probe([fileHere('./import.mjs'), pathToFileURL(NOTHING).href]));
    all.root.push(await probe([fileHere('./import.mjs'), ROOT]));
  }
  const middle = (list) => ({
    cpuMs: median(list.map(({ cpuMs }) => cpuMs)),
    wallMs: median(list.map(({ wallMs: ms }) => ms)),
    rssBytes: median(list.map(({ rssBytes }) => rssBytes)),
  });
  const { files, builtins } = await probe([fileHere('./modules.mjs'), ROOT]);
  return {
    ...{ root: middle(all.root), nothing: middle(all.nothing), builtins },
    files: files.map((url) => basename(url)),
    heavy: HEAVY.filter((name) => files.some((url) => url.includes(`/${name}/`))),
  };
}

/** From the start of the process to its end: one `quickHeal()` with the default checks, and a Node that does nothing. */
async function measureQuickHeal() {
  const [heal, bare] = [[], []];
  const program = [fileHere('../../test/system/programs/quick-heal.mjs'), JSON.stringify({ thresholds })];
  for (let i = 0; i < processes; i++) {
    bare.push(await wallMs([NOTHING]));
    heal.push(await wallMs(program));
  }
  return { ratio: ratio(heal, bare), quickHealMs: median(heal), bareMs: median(bare) };
}

const imported = await measureImport();
say(
  `import: ${imported.root.cpuMs.toFixed(1)} ms of CPU time, of nothing ${imported.nothing.cpuMs.toFixed(1)}`,
);
const quickHeal = await measureQuickHeal();
say(`quickHeal(): ${quickHeal.quickHealMs.toFixed(0)} ms, bare Node ${quickHeal.bareMs.toFixed(0)} ms`);
const heap = await probe(
  [fileHere('./heap.mjs'), String(cycles)],
  [...['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64']],
);
say(`heap: ${heap.look} B for a look, ${heap.growthBytes} B kept after ${heap.growthCycles} of them`);
console.log(JSON.stringify({ processes, imported, quickHeal, heap }));
