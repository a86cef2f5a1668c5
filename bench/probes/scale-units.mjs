// Runs inside a test host with as many services `bench@N` as the largest size, and tells as JSON what a cycle over them
// costs: of a single look, which hears what systemd has said since the last one, and of a monitor's, which has been told.
// Arguments: the sizes.
import console from 'node:console';
import { performance } from 'node:perf_hooks';
import { argv } from 'node:process';
import { createSelfHealingEngine } from '../../dist/index.js';
import { measure } from '../growth.mjs';

const sizes = argv.slice(2).map(Number);
const firstMs = new Map();

async function watching(size) {
  const services = Array.from({ length: size }, (_, at) => `bench@${at + 1}`);
  const engine = createSelfHealingEngine({ dryRun: true, enabledChecks: ['services'], services });
  const start = performance.now();
  const verdicts = await engine.detector.inspect();
  firstMs.set(size, performance.now() - start);
  const well = verdicts.filter(({ status }) => status === 'ok').length;
  if (well !== size) throw new Error(`${well} of ${size} services read well`);
  return engine;
}

const single = await measure('watched units, real: a single look', sizes, async (size) => {
  const engine = await watching(size);
  return { cycle: () => engine.detectAndHeal(), end: () => engine.close() };
});
const monitors = await measure("watched units, real: a monitor's look", sizes, async (size) => {
  const engine = await watching(size);
  return { cycle: () => engine.detector.look({ recent: true }), end: () => engine.close() };
});
const first = {
  what: 'watched units, real: the first look, which reads them all',
  rows: sizes.map((size) => ({ size, cycleUs: firstMs.get(size) * 1_000, heapKiB: NaN, descriptors: NaN })),
};
console.log(JSON.stringify([single, monitors, first]));
