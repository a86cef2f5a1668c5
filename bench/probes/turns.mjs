// Runs inside a test host: contenders in turns, and what each of those in Node reads in a round, by a tracer. Input:
// { rounds, turnMs, warmUpMs, floor }; prints JSON.
import console from 'node:console';
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { argv, execPath } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { promisify } from 'node:util';
import { median, ratio } from '../statistics.mjs';
import { Contender, takeTurns, WORKER } from './contender.mjs';

const call = promisify(execFile);
/** The size of the reader's buffer, so that a read is as large. */
const BUFFER_BYTES = '16384';
const TRACED_ROUNDS = 200;
const TRACE = '/run/bench-trace';
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const ONE = '/srv/one';
const PYTHON = '/usr/bin/python3';
const READER = fileURLToPath(new URL('./psutil-reader.py', import.meta.url));

const rounds = JSON.parse(argv[2]);
const say = (text) => console.error(`speed: ${text}`);

/**
 * Starts Node where `/` is the only local file system: the package is copied onto it, and other mounts are taken away
 * from that process alone.
 */
async function copyToOneMount() {
  await mkdir(ONE, { recursive: true });
  const copied = ['dist', 'bench', 'package.json'].map((name) => join(REPOSITORY, name));
  await call('cp', ['-r', ...copied, ONE]);
  await call('cp', [execPath, `${ONE}/node`]);
  const rest = ['/run', '/tmp', execPath, REPOSITORY].join(' ');
  const alone = `umount -l ${rest}; exec "$@"`;
  return [
    ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', alone, 'sh'],
    ...[`${ONE}/node`, `${ONE}/bench/probes/worker.mjs`],
  ];
}

const oneMount = await copyToOneMount();
const { contender: gauges, found: reads } = await Contender.startNode('gauges', {}, oneMount);
if (reads.mounts.join() !== '/') throw new Error(`Expected one mount, got ${reads.mounts}`);
const inNode = async (id, name = id) => ({ id, ...(await Contender.startNode(name, reads)) });
const psutil = await call(PYTHON, ['-c', 'import psutil; print(psutil.__version__)']).then(
  ({ stdout }) => ({ version: stdout.trim() }),
  () => ({ missing: 'no psutil' }),
);
const entries = [
  await inNode('look'),
  await inNode('gauges'),
  await inNode('cycle'),
  await inNode('fourIssues'),
  { id: 'gaugesOne', contender: gauges, found: reads },
  rounds.floor.program
    ? {
        id: 'floor',
        ...(await Contender.start([
          rounds.floor.program,
          BUFFER_BYTES,
          ...reads.files,
          '--',
          ...reads.mounts,
        ])),
      }
    : { id: 'floor', missing: rounds.floor.missing },
  await inNode('bareCalls'),
  psutil.version
    ? { id: 'psutil', ...(await Contender.start([PYTHON, READER, ...reads.mounts])) }
    : { id: 'psutil', missing: psutil.missing },
  await inNode('resolution'),
];
const running = entries.filter(({ contender }) => contender);
const turns = await takeTurns(running, rounds, say);
for (const { contender } of running) await contender.stop();

/** System calls of a round by what they are made on, and method calls over D-Bus: those of all threads. */
async function readInARound(id) {
  const tracer = ['strace', '-f', '-qq', '-y', '-s', '65536', '-o', TRACE];
  const { contender } = await Contender.startNode(id, reads, [...tracer, execPath, WORKER]);
  await contender.ask(`count ${TRACED_ROUNDS}`);
  await contender.stop();
  const lines = (await readFile(TRACE, 'utf8')).split('\n');
  await rm(TRACE);
  const at = (mark) => lines.findIndex((line) => line.includes(`"/${mark}"`));
  const counts = new Map();
  const add = (what, count) => counts.set(what, (counts.get(what) ?? 0) + count / TRACED_ROUNDS);
  for (const line of lines.slice(at('begin') + 1, at('end'))) {
    const [, name, on] = /^\d+ +(\w+)\((?:\d+<([^>]*)>|"[^"]*")?/.exec(line) ?? [];
    if (name === undefined) continue;
    const path = on?.replace(/^\/proc\/\d+\//, '/proc/self/');
    if (/^(pread64|read|statfs|openat)$/.test(name) && path?.startsWith('/')) add(path, 1);
    else if (name === 'statfs') add('statfs', 1);
    // The head of a method call of D-Bus, as the tracer writes it.
    add('D-Bus calls', [...line.matchAll(/l\\0*1\\[0-7]+\\0*1/g)].length);
    add('system calls', 1);
  }
  return Object.fromEntries([...counts].filter(([, count]) => count >= 0.01 || count === 0));
}

const rows = [];
for (const { id, missing, found = {}, told } of entries) {
  const { wall, cpu } = turns.get(id) ?? {};
  const isOurs = ['look', 'gauges', 'cycle', 'fourIssues'].includes(id);
  rows.push({
    ...{ id, missing, told, found },
    ...(wall && { perSecond: median(wall), perCpuSecond: median(cpu) }),
    ...(isOurs && { reads: await readInARound(id) }),
  });
  if (wall)
    say(`${id}: ${Math.round(median(wall))} per second, ${Math.round(median(cpu))} per second of CPU time`);
  else say(`${id}: not measured, ${missing}`);
}
const cpuRatio = (of, against) =>
  turns.has(of) && turns.has(against) ? ratio(turns.get(of).cpu, turns.get(against).cpu) : undefined;
console.log(
  JSON.stringify({
    ...{ rounds, reads, rows, psutil },
    ratios: {
      lookOfGauges: cpuRatio('look', 'gauges'),
      gaugesOfFloor: cpuRatio('gaugesOne', 'floor'),
      bareCallsOfFloor: cpuRatio('bareCalls', 'floor'),
      gaugesOfPsutil: cpuRatio('gaugesOne', 'psutil'),
    },
  }),
);
