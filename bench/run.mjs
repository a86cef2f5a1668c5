// `npm run bench`: what the built package does on this machine, beside what is possible. It asserts nothing about
// times: the machine may be busy, so the figures to look at are the ratios within one run. `--json` for a program.
import console from 'node:console';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { URL } from 'node:url';
import { Contender } from './contender.mjs';
import { measureHeap, measureImport, startIdlers } from './footprint.mjs';
import { machine } from './machine.mjs';
import { compileFloor, startFloor, startPsutil } from './peers.mjs';
import { print } from './print.mjs';
import { median, ratio, takeTurns } from './rounds.mjs';
import { targets } from './targets.mjs';

const ROUNDS = { rounds: 7, turnMs: 250, warmUpMs: 500 };

const where = machine();
const folder = await mkdtemp(join(tmpdir(), 'self-healing-bench-'));
const running = [];
try {
  const idlers = await startIdlers(3);
  const imported = await measureImport();
  const heap = await measureHeap();
  await idlers.begin();

  const { contender: detection, found: reads } = await Contender.startNode('detection');
  const floor = await compileFloor(folder);
  const psutil = await startPsutil(reads);
  const { entries, ends } = await contendersFor(reads, floor, psutil, detection);
  running.push(...entries.flatMap(({ contender }) => contender ?? []));
  const perSecond = await takeTurns(
    entries.filter(({ contender }) => contender),
    ROUNDS,
  );
  const idle = await idlers.end();

  const ofFloor = (id) => (floor.program ? ratio(perSecond.get(id), perSecond.get('floor')) : undefined);
  const speed = (id) => (perSecond.has(id) ? median(perSecond.get(id)) : undefined);
  const rows = entries.map(({ id, title, does, reads: isReading = true }) => ({
    id,
    title,
    does,
    perSecond: speed(id),
    ofFloor: isReading && perSecond.has(id) ? ofFloor(id) : undefined,
  }));
  const reached = {
    ratios: {
      detection: ofFloor('detection'),
      cycle: ofFloor('cycle'),
      detectionOfPsutil: psutil.missing
        ? undefined
        : ratio(perSecond.get('detection'), perSecond.get('psutil')),
    },
    speeds: { resolution: speed('resolution') },
    missing: { floor: floor.missing, psutil: psutil.missing },
  };
  const report = {
    machine: where,
    reads,
    ends,
    rounds: ROUNDS,
    rows,
    imported,
    heap,
    idle,
    targets: targets({ ...reached, heap, imported, idle, latency: await lastLatency() }),
  };
  if (argv.includes('--json')) console.log(JSON.stringify(report, undefined, 2));
  else print(report);
} finally {
  for (const contender of running) contender.stop();
  await rm(folder, { recursive: true, force: true });
}

/** What `npm run bench:latency` last wrote down, if anything. */
async function lastLatency() {
  const text = await readFile(new URL('./results/latency.json', import.meta.url), 'utf8').catch(() => 'null');
  return JSON.parse(text) ?? undefined;
}

async function contendersFor(reads, floor, psutil, detection) {
  const inNode = async (name) => Contender.startNode(name, reads);
  const calls = `${reads.files.length} reads and ${reads.mounts.length} statfs`;
  const cycle = await inNode('cycle');
  const troubled = await inNode('troubledCycle');
  const resolution = await inNode('resolution');
  const plain = await inNode('plain');
  const bare = await inNode('bareCalls');
  const si = await inNode('systeminformation');
  const systemctl = await inNode('systemctl');
  if (!systemctl.found.there) systemctl.contender.stop();
  const inC = async (ends) =>
    floor.program ? (await startFloor(floor.program, ends, reads)).contender : undefined;
  const { ends } = troubled.found;
  const entries = [
    {
      id: 'floor',
      title: 'C floor',
      contender: await inC('short'),
      does: floor.missing ?? `the same ${calls}, nothing parsed`,
    },
    {
      id: 'floorZero',
      title: 'C, reading until 0',
      contender: await inC('zero'),
      does: floor.missing ?? 'as the floor, with a second read of each file for the end',
    },
    {
      id: 'bareCalls',
      title: 'Node, bare calls',
      ...bare,
      does: `the same ${calls} from Node, nothing parsed`,
    },
    {
      id: 'detection',
      title: 'SimpleDetector.inspect()',
      contender: detection,
      does: `the same ${calls}, parsed and judged: ${reads.verdicts} verdicts`,
    },
    {
      id: 'cycle',
      title: 'detectAndHeal(), healthy',
      contender: cycle.contender,
      does: 'dry run: a detection, the gates and the bookkeeping; thresholds so high that nothing is found',
    },
    {
      id: 'troubledCycle',
      title: `detectAndHeal(), ${ends.length} issues`,
      contender: troubled.contender,
      does: 'dry run, thresholds 0: each issue is picked for, planned and judged by the gates',
    },
    {
      id: 'plain',
      title: 'plain reader',
      contender: plain.contender,
      does: 'readFileSync, split and statfsSync of the same files and mounts',
    },
    {
      id: 'psutil',
      title: 'psutil (Python)',
      contender: psutil.contender,
      does:
        psutil.missing ??
        `${psutil.told}: cpu_percent, virtual_memory, getloadavg, disk_usage of the same mounts`,
    },
    {
      id: 'systeminformation',
      title: 'systeminformation',
      contender: si.contender,
      does: `${si.found.version}: currentLoad (cached for 200 ms), mem, fsSize (starts df)`,
    },
    {
      id: 'systemctl',
      title: 'systemctl is-active',
      contender: systemctl.found.there ? systemctl.contender : undefined,
      reads: false,
      does: systemctl.found.there ? 'one process for the state of one unit' : 'no systemd runs here',
    },
    {
      id: 'resolution',
      title: 'SimpleResolver.getAction()',
      contender: resolution.contender,
      reads: false,
      does: `an action for each of ${resolution.found.issues} different issues in turn; reads nothing`,
    },
  ];
  return { entries, ends };
}
