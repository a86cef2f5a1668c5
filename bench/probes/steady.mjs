// Runs inside a test host: services that do the same over and over, all at the same time, and the CPU time and memory
// that each uses after its start. Input: { settleSeconds, seconds, thresholds }; prints JSON.
import console from 'node:console';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { argv, execPath } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, URL } from 'node:url';

const fileHere = (name) => fileURLToPath(new URL(name, import.meta.url));
const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
const UNITS = fileHere('../../nix/systemd');
const FOLDER = '/etc/bench';
/** Control groups of version 1, which systemd counts CPU time in only where it is their master. */
const ACCOUNTS = '/run/bench-cpuacct';
const EXPORTER_PORTS = { 1: 47_101, 60: 47_160 };

const { settleSeconds, seconds, thresholds } = JSON.parse(argv[2]);
const say = (text) => console.error(`steady: ${text}`);
const file = (name, text) => {
  writeFileSync(`${FOLDER}/${name}`, text, { mode: 0o600 });
  return `${FOLDER}/${name}`;
};

/** The daemon as docs/systemd.md installs it, in a separate service for each interval. */
function daemon(interval) {
  const name = `bench-daemon-${interval}`;
  const config = `${FOLDER}/${name}.json`;
  // Limits that a busy machine does not reach: the daemon is to have nothing to do.
  writeFileSync(config, JSON.stringify({ interval, thresholds }), { mode: 0o644 });
  const unit = readFileSync(`${UNITS}/luminous-healing.service`, 'utf8')
    .replaceAll('@node@', execPath)
    .replaceAll('@package@', fileHere('../..'))
    .replace(/^(ExecStart=.*)$/m, `$1 --config ${config}`)
    .replace(/^((?:State|Runtime)Directory=).*$/gm, `$1${name}`);
  writeFileSync(
    `/etc/systemd/system/${name}.service`,
    unit.replace('[Service]', '[Service]\nCPUAccounting=yes'),
  );
}

function monit(interval) {
  const rules = `set daemon ${interval}
set log ${FOLDER}/monit-${interval}.log
set statefile ${FOLDER}/monit-${interval}.state
set idfile ${FOLDER}/monit-${interval}.id
set pidfile ${FOLDER}/monit-${interval}.pid
check system testhost
  if loadavg (1min) > 1000 then alert
  if cpu usage > 100% then alert
  if memory usage > 100% then alert
check filesystem root with path /
  if space usage > 100% then alert
  if inode usage > 100% then alert
check process journald matching "systemd-journald"
`;
  return ['/usr/bin/monit', '-I', '-c', file(`monitrc-${interval}`, rules)];
}

const idle = (what) => [execPath, fileHere('./idle.mjs'), what];
const exporter = (port) => ['/usr/bin/prometheus-node-exporter', `--web.listen-address=127.0.0.1:${port}`];
const psutil = (every) => ['/usr/bin/python3', fileHere('./psutil-reader.py'), 'every', String(every), '/'];

/** Started as services: what it is, and its arguments; none where it has a unit file. */
const SUBJECTS = [
  { id: 'node', title: 'bare Node, an empty timer', interval: 1, argv: idle('timer') },
  { id: 'gauges', title: 'engine, gauges alone', interval: 1, argv: idle('gauges') },
  { id: 'engine', title: 'engine, default checks', interval: 1, argv: idle('default') },
  { id: 'daemon-1', title: 'daemon with defaults', interval: 1, prepare: () => daemon(1) },
  { id: 'daemon-60', title: 'daemon with defaults', interval: 60, prepare: () => daemon(60) },
  { id: 'monit-1', title: 'Monit, load, CPU, memory, / and a process', interval: 1, argv: monit },
  { id: 'monit-60', title: 'Monit, load, CPU, memory, / and a process', interval: 60, argv: monit },
  { id: 'exporter-1', title: 'node_exporter, scraped', interval: 1, argv: () => exporter(EXPORTER_PORTS[1]) },
  {
    id: 'exporter-60',
    title: 'node_exporter, scraped',
    interval: 60,
    argv: () => exporter(EXPORTER_PORTS[60]),
  },
  { id: 'psutil-1', title: 'psutil: CPU, memory, load, /', interval: 1, argv: psutil },
  { id: 'psutil-60', title: 'psutil: CPU, memory, load, /', interval: 60, argv: psutil },
];

const unitOf = ({ id }) => `bench-${id}.service`;
const show = (subject) => {
  const text = run('systemctl', 'show', '-p', 'CPUUsageNSec,MainPID,ActiveState', unitOf(subject));
  const of = (name) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
  const counted = hasAccounts
    ? readFileSync(`${ACCOUNTS}/${subject.id}/cpuacct.usage`, 'utf8')
    : of('CPUUsageNSec');
  return {
    state: of('ActiveState'),
    cpuNs: Number(counted),
    pid: Number(of('MainPID')),
  };
};

/** Mounts the accounts, where there are any. */
function mountAccounts() {
  if (!readFileSync('/proc/cgroups', 'utf8').match(/^cpuacct\s+[1-9]/m)) return false;
  mkdirSync(ACCOUNTS, { recursive: true });
  run('mount', '-t', 'cgroup', '-o', 'cpuacct', 'cgroup', ACCOUNTS);
  return true;
}

/** From then on its CPU time is counted, and that of the processes it starts. */
function account(subject) {
  if (!hasAccounts) return;
  mkdirSync(`${ACCOUNTS}/${subject.id}`, { recursive: true });
  const { 1: pid } = /^MainPID=(\d+)$/m.exec(run('systemctl', 'show', '-p', 'MainPID', unitOf(subject)));
  writeFileSync(`${ACCOUNTS}/${subject.id}/cgroup.procs`, pid);
}

function start(subject) {
  const { argv: given, interval, prepare } = subject;
  if (prepare) {
    prepare();
    run('systemctl', 'daemon-reload');
    run('systemctl', 'start', unitOf(subject));
  } else {
    const words = typeof given === 'function' ? given(interval) : given;
    run('systemd-run', '--quiet', '--property=CPUAccounting=yes', `--unit=bench-${subject.id}`, ...words);
  }
}

function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const sum = (pattern) => [...text.matchAll(pattern)].reduce((kib, [, more]) => kib + Number(more), 0);
  return { privateKiB: sum(/^Private_\w+:\s+(\d+)/gm), residentKiB: sum(/^Rss:\s+(\d+)/gm) };
}

/** An exporter works only when it is asked. */
async function scrapeFor(totalSeconds) {
  const end = performance.now() + totalSeconds * 1_000;
  for (let second = 0; performance.now() < end; second++) {
    for (const [every, port] of Object.entries(EXPORTER_PORTS)) {
      if (second % Number(every) === 0)
        await fetch(`http://127.0.0.1:${port}/metrics`).then(
          (answer) => answer.text(),
          () => undefined,
        );
    }
    await sleep(Math.max(0, Math.min(1_000, end - performance.now())));
  }
}

mkdirSync(FOLDER, { recursive: true });
const hasAccounts = mountAccounts();
run('systemd-sysusers', `${UNITS}/luminous-healing.sysusers.conf`);
for (const subject of SUBJECTS) {
  try {
    start(subject);
    account(subject);
  } catch (error) {
    subject.missing = String(error.stderr || error.message).split('\n')[0];
    say(`${subject.id}: not measured, ${subject.missing}`);
  }
}
say(`all run for ${settleSeconds} s`);
await scrapeFor(settleSeconds);
const before = SUBJECTS.map((subject) => ({
  ...(subject.missing ? {} : show(subject)),
  at: performance.now(),
}));
say(`measured for ${seconds} s`);
await scrapeFor(seconds);
const rows = SUBJECTS.map((subject, index) => {
  const { id, title, interval, missing } = subject;
  const row = { id, title, interval };
  if (missing) return { ...row, missing };
  const { state, cpuNs, pid } = show(subject);
  if (!Number.isFinite(cpuNs)) return { ...row, missing: 'its CPU time is not counted here' };
  if (state !== 'active' || pid !== before[index].pid) return { ...row, missing: `it is ${state}` };
  const cpuPercent = (cpuNs - before[index].cpuNs) / 1e4 / (performance.now() - before[index].at);
  return { ...row, cpuPercent, ...memoryOf(pid) };
});
for (const { id, missing, cpuPercent, privateKiB } of rows)
  say(
    `${id}: ${missing ?? `${cpuPercent.toFixed(3)} % of a core, ${(privateKiB / 1_024).toFixed(1)} MiB private`}`,
  );
console.log(JSON.stringify({ settleSeconds, seconds, rows }));
