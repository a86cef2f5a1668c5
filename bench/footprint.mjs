import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath, pathToFileURL, URL } from 'node:url';
import { promisify } from 'node:util';
import { Contender } from './contender.mjs';
import { median } from './rounds.mjs';

const call = promisify(execFile);
const fileHere = (name) => fileURLToPath(new URL(name, import.meta.url));
const urlHere = (name) => pathToFileURL(fileHere(name)).href;

const ROOT = urlHere('../dist/index.js');
const NOTHING = urlHere('./probes/nothing.mjs');
const PROCESSES = 7;

/** What must not come with the import of the root. */
const HEAVY = ['execa', 'prom-client', 'systeminformation'];

async function probe(name, args = [], nodeArgs = []) {
  const { stdout } = await call(execPath, [...nodeArgs, fileHere(`./probes/${name}`), ...args]);
  return JSON.parse(stdout);
}

/** Import of the root in fresh processes, in turns with the import of an empty module. */
export async function measureImport() {
  const samples = { root: [], nothing: [] };
  for (let i = 0; i < PROCESSES; i++) {
    samples.nothing.push(await probe('import.mjs', [NOTHING]));
    samples.root.push(await probe('import.mjs', [ROOT, 'cycle']));
  }
  const { files, builtins } = await probe('modules.mjs', [ROOT]);
  const packages = files.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  const summary = (list) => ({
    ms: median(list.map(({ importMs }) => importMs)),
    fastestMs: Math.min(...list.map(({ importMs }) => importMs)),
    rssBytes: median(list.map(({ rssBytes }) => rssBytes)),
  });
  return {
    processes: PROCESSES,
    root: summary(samples.root),
    nothing: summary(samples.nothing),
    firstCycleMs: median(samples.root.map(({ firstCycleMs }) => firstCycleMs)),
    files: files.map((url) => basename(url)),
    packages: [...new Set(packages)],
    heavy: HEAVY.filter((name) => packages.includes(name) || files.some((url) => url.includes(`/${name}/`))),
    builtins,
  };
}

/** Heap for one cycle, and what is left after many. */
export const measureHeap = () =>
  probe('heap.mjs', [], ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64']);

/** Starts processes that monitor once a second, and as many that only wait; `end` gives what they used meanwhile. */
export async function startIdlers(pairs) {
  const start = async (what) =>
    (await Contender.start(execPath, [fileHere('./probes/idle.mjs'), what])).contender;
  const all = [];
  for (let i = 0; i < pairs; i++) all.push({ monitor: await start('monitor'), timer: await start('timer') });
  const ask = async (what) => {
    const answers = [];
    for (const pair of all) answers.push(JSON.parse(await pair[what].ask('now')));
    const of = (key) => median(answers.map((answer) => answer[key]));
    return { cpuPercent: of('cpuPercent'), seconds: of('seconds'), privateKiB: of('privateKiB') };
  };
  return {
    /** Everything up to here was their start. */
    begin: async () => void [await ask('monitor'), await ask('timer')],
    async end() {
      const used = { pairs, monitor: await ask('monitor'), timer: await ask('timer') };
      for (const { monitor, timer } of all) for (const one of [monitor, timer]) one.stop();
      return used;
    },
  };
}
