// Runs inside a test host: what a cycle costs over more and more of something. Input: { what, sizes }, with `what` one of
// the names below; `mounts` needs its own mount namespace. Prints JSON.
import console from 'node:console';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { argv, cpuUsage, exit, memoryUsage } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSelfHealingEngine } from '../../dist/index.js';
import { CHECKS, HEALTHY } from '../checks.mjs';
import { median } from '../statistics.mjs';

const STRETCHES = 7;
const STRETCH_MS = 60;
const WARM_UP_MS = 1_000;
const MONITOR = Object.freeze({ recent: true });
const WELL = Object.freeze({ status: 'ok', value: 0, threshold: 1, reason: 'It is well' });

const engineWith = (options) => createSelfHealingEngine({ dryRun: true, thresholds: HEALTHY, ...options });
const numbers = (count) => Array.from({ length: count }, (_, index) => index);
const run = (...words) => execFileSync(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });

/** Time of a run in µs, by the clock and of CPU: medians of stretches. */
async function timeOf(cycle) {
  const begun = performance.now();
  for (let i = 0; i < 50 && performance.now() - begun < WARM_UP_MS; i++) await cycle();
  const stretches = [];
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const [start, cpu] = [performance.now(), cpuUsage()];
    let times = 0;
    for (; performance.now() - start < STRETCH_MS; times++) await cycle();
    const wallUs = ((performance.now() - start) * 1_000) / times;
    const { user, system } = cpuUsage(cpu);
    stretches.push({ wallUs, cpuUs: (user + system) / times });
    // Signals of systemd are read between cycles, as in a monitor.
    await sleep(5);
  }
  return {
    wallUs: median(stretches.map(({ wallUs }) => wallUs)),
    cpuUs: median(stretches.map(({ cpuUs }) => cpuUs)),
  };
}

const state = () => {
  globalThis.gc();
  return { heap: memoryUsage().heapUsed, open: readdirSync('/proc/self/fd').length };
};

/** Throws where not everything was read: what is not read is fast. */
async function reading(options, isOurs, size) {
  const engine = engineWith(options);
  const verdicts = await engine.detector.inspect();
  const read = verdicts.filter(({ status, component }) => status === 'ok' && isOurs(component)).length;
  if (read !== size) throw new Error(`${read} of ${size} were read as ok`);
  return engine;
}

/** Services without a program: a thousand units are wanted here, not a thousand processes. */
const UNIT = '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n';
const plain = (at) => `bench-${at + 1}.service`;
const instance = (at) => `bench@${at + 1}.service`;

function startUnits(count) {
  const folder = '/etc/systemd/system';
  const all = numbers(count).flatMap((at) => [plain(at), instance(at)]);
  for (const at of numbers(count)) writeFileSync(`${folder}/${plain(at)}`, UNIT);
  writeFileSync(`${folder}/bench@.service`, UNIT);
  writeFileSync(`${folder}/bench.target`, `[Unit]\nWants=${all.join(' ')}\n`);
  run('systemctl', 'daemon-reload');
  run('systemctl', 'start', 'bench.target');
}
const units = (size, name) =>
  reading(
    { enabledChecks: ['services'], services: numbers(size).map(name) },
    (one) => one.startsWith('bench'),
    size,
  );

let mounted = 0;
function mountUpTo(size) {
  for (; mounted < size; mounted++) {
    const point = `/srv/bench/${mounted}`;
    mkdirSync(point, { recursive: true });
    run('mount', '-t', 'tmpfs', '-o', 'size=64k', `bench-${mounted}`, point);
  }
}

/** Each gives its curves: a name, and what makes a cycle over a number of things. */
const CURVES = {
  units: {
    before: (sizes) => startUnits(Math.max(...sizes)),
    "units: a monitor's look": async (size) => {
      const engine = await units(size, plain);
      return { engine, cycle: () => engine.detector.look(MONITOR) };
    },
    'units: one detectAndHeal()': async (size) => {
      const engine = await units(size, plain);
      return { engine, cycle: () => engine.detectAndHeal() };
    },
    "instances: a monitor's look": async (size) => {
      const engine = await units(size, instance);
      return { engine, cycle: () => engine.detector.look(MONITOR) };
    },
  },
  mounts: {
    'file systems: one detectAndHeal()': async (size) => {
      mountUpTo(size);
      const engine = await reading(
        { enabledChecks: ['disk'] },
        (name) => name.startsWith('disk:/srv/bench/'),
        size,
      );
      return { engine, cycle: () => engine.detectAndHeal() };
    },
  },
  checks: {
    'checks that return a constant': (size) => {
      const checks = numbers(size).map((at) => ({
        ...{ name: `check-${at}`, component: `part-${at}`, type: 'service', parts: [] },
        run: () => WELL,
      }));
      const engine = engineWith({ checks, enabledChecks: checks.map(({ name }) => name) });
      return { engine, cycle: () => engine.detectAndHeal() };
    },
  },
  engines: {
    'engines in one process, gauges': async (size) => {
      const engines = numbers(size).map(() => engineWith({ enabledChecks: CHECKS }));
      const cycle = async () => {
        for (const engine of engines) await engine.detectAndHeal();
      };
      await cycle();
      await sleep(150);
      return { engine: { close: () => Promise.all(engines.map((engine) => engine.close())) }, cycle };
    },
  },
};

const { what, sizes } = JSON.parse(argv[2]);
const { before, ...curves } = CURVES[what];
before?.(sizes);
const all = [];
for (const [name, make] of Object.entries(curves)) {
  const rows = [];
  for (const size of sizes) {
    const empty = state();
    const start = performance.now();
    const { engine, cycle } = await make(size);
    const firstMs = performance.now() - start;
    const time = await timeOf(cycle);
    const { heap, open } = state();
    rows.push({
      size,
      ...time,
      firstMs,
      heapKiB: (heap - empty.heap) / 1_024,
      descriptors: open - empty.open,
    });
    await engine.close();
    console.error(`growth: ${name}, ${size}: ${time.cpuUs.toFixed(1)} µs of CPU time`);
  }
  all.push({ what: name, rows });
}
console.log(JSON.stringify(all));
exit();
