// `npm run bench:scale`: how a healthy cycle grows with what is watched. Custom checks, file systems, units, engines in
// one process, and many cycles; for each the time of a cycle, the heap kept and the descriptors open. What must grow
// grows with the number; the last column is the time for one of them. File systems and units are real ones where this
// runs as root; otherwise, and for the checks, a host in memory gives them. `--json` for a program.
import console from 'node:console';
import { performance } from 'node:perf_hooks';
import { argv } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSelfHealingEngine } from '../dist/index.js';
import { fakeHost, mountReading, unitReading } from '../dist/testing/index.js';
import { CHECKS, HEALTHY } from './checks.mjs';
import { descriptors, heap, measure } from './growth.mjs';
import { machine } from './machine.mjs';
import { realMounts, realUnits } from './real.mjs';

const SOAK_CYCLES = Number(argv.find((word) => /^\d+$/.test(word)) ?? 1_000_000);
const SIZES = [1, 10, 100, 1_000];
const WELL = Object.freeze({ status: 'ok', value: 0, threshold: 1, reason: 'It is well' });

const engineWith = (options) => createSelfHealingEngine({ dryRun: true, thresholds: HEALTHY, ...options });
const looking = (engine) => ({ cycle: () => engine.detectAndHeal(), end: () => engine.close() });

/** A host whose reading is the same frozen one each time, as the real readers do while nothing changes. */
function steadyHost(parts, units = []) {
  const host = fakeHost({ ...parts, units });
  const snapshots = new Map();
  return {
    read(request) {
      const key = request.parts.join();
      if (!snapshots.has(key)) snapshots.set(key, deepFreeze(host.read(request)));
      return snapshots.get(key);
    },
  };
}

function deepFreeze(value) {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

const numbers = (count) => Array.from({ length: count }, (_, index) => index);

const where = machine();
const mounts = await realMounts(SIZES);
const units = await realUnits(SIZES);
const curves = [
  ...(mounts.curves ?? []),
  ...(units.curves ?? []),
  await measure('custom checks, in memory', [...SIZES, 10_000], (size) => {
    const checks = numbers(size).map((at) => ({
      ...{ name: `check-${at}`, component: `part-${at}`, type: 'service', parts: [] },
      run: () => WELL,
    }));
    return looking(
      engineWith({ host: steadyHost({}), checks, enabledChecks: checks.map(({ name }) => name) }),
    );
  }),
  await measure('watched units, in memory', SIZES, (size) => {
    const services = numbers(size).map((at) => `unit-${at}`);
    const units = services.map((name) => unitReading({ name: `${name}.service` }));
    return looking(engineWith({ host: steadyHost({}, units), services, enabledChecks: ['services'] }));
  }),
  await measure('file systems, in memory and changing each time', SIZES, (size) => {
    const mounts = numbers(size).map((at) => mountReading({ mountPoint: `/mnt/${at}`, device: `8:${at}` }));
    const host = fakeHost({ mounts });
    return looking(engineWith({ host, enabledChecks: ['disk'] }));
  }),
  await measure('engines in one process, real reads', [1, 10, 100], async (size) => {
    const engines = numbers(size).map(() => engineWith({ enabledChecks: CHECKS }));
    const cycle = async () => {
      for (const engine of engines) await engine.detectAndHeal();
    };
    await cycle();
    await sleep(150);
    return { cycle, end: () => Promise.all(engines.map((engine) => engine.close())) };
  }),
];

const engine = engineWith({ enabledChecks: CHECKS });
for (let i = 0; i < 10_000; i++) await engine.detectAndHeal();
const [heapBefore, openBefore, start] = [heap(), descriptors(), performance.now()];
for (let i = 0; i < SOAK_CYCLES; i++) await engine.detectAndHeal();
const soak = {
  cycles: SOAK_CYCLES,
  cycleUs: ((performance.now() - start) * 1_000) / SOAK_CYCLES,
  heapGrowthBytes: heap() - heapBefore,
  descriptors: descriptors() - openBefore,
};
await engine.close();

const missing = [mounts, units].flatMap(({ missing }) => missing ?? []);
const report = { machine: where, curves, soak, missing };
if (argv.includes('--json')) console.log(JSON.stringify(report));
else {
  const { date, cores, cpu, node, loadBefore } = where;
  console.log(`${date}, ${cores} × ${cpu}, Node ${node}, load before ${loadBefore.join(' ')}`);
  for (const reason of missing) console.log(`\nIn memory only: ${reason}`);
  for (const { what, rows } of curves) {
    console.log(
      `\n${what}\n${'number'.padStart(8)}${'µs a cycle'.padStart(14)}${'µs for one'.padStart(14)}${'heap KiB'.padStart(12)}${'descriptors'.padStart(14)}`,
    );
    for (const { size, cycleUs, heapKiB, descriptors: open } of rows) {
      const kept = Number.isNaN(Number(heapKiB ?? NaN)) ? ['', ''] : [heapKiB.toFixed(0), open];
      const cells = [size, cycleUs.toFixed(1), (cycleUs / size).toFixed(2), ...kept];
      console.log(cells.map((cell, at) => String(cell).padStart([8, 14, 14, 12, 14][at])).join(''));
    }
  }
  console.log(
    `\n${soak.cycles.toLocaleString('en')} cycles on real reads: ${soak.cycleUs.toFixed(1)} µs each, ` +
      `${soak.heapGrowthBytes} B of heap more after a collection, ${soak.descriptors} descriptors more.`,
  );
}
