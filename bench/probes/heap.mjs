// In a process with --expose-gc and room for many cycles without a collection: bytes of heap for one cycle, and what is
// left of many after a collection. With a number of cycles as argument, the cycles are looks of a monitor with the
// default checks, which needs systemd; without, they are `detectAndHeal()` of the checks that read numbers.
import console from 'node:console';
import { performance } from 'node:perf_hooks';
import { argv, memoryUsage } from 'node:process';
import { GCProfiler } from 'node:v8';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSelfHealingEngine, SimpleDetector } from '../../dist/index.js';
import { CHECKS, HEALTHY } from '../checks.mjs';

const WARM_UP_MS = 1_500;
const SETTLE_MS = 300;
const STRETCH_MS = 1_200;
const MONITOR = Object.freeze({ recent: true });

async function repeatFor(ms, run) {
  const end = performance.now() + ms;
  let times = 0;
  for (; performance.now() < end; times++) await run();
  return times;
}

/** Bytes for one run; a collection in between would hide them, so the measurement is then repeated with fewer runs. */
async function bytesOf(run) {
  await repeatFor(WARM_UP_MS, run);
  for (let runs = 16_000; runs >= 500; runs /= 2) {
    globalThis.gc();
    // A collection makes V8 forget code that it compiles anew: that is no allocation of a cycle's.
    await repeatFor(SETTLE_MS, run);
    const profiler = new GCProfiler();
    profiler.start();
    const before = memoryUsage().heapUsed;
    for (let i = 0; i < runs; i++) await run();
    const after = memoryUsage().heapUsed;
    if (profiler.stop().statistics.length === 0) return (after - before) / runs;
  }
  return undefined;
}

/** What is left after a collection, in the middle one of three stretches; compiled code comes and goes. */
async function growthOf(run, cycles) {
  const stretches = [];
  for (let stretch = 0; stretch < 3; stretch++) {
    globalThis.gc();
    const before = memoryUsage().heapUsed;
    const growthCycles = await (cycles === undefined ? repeatFor(STRETCH_MS, run) : repeat(cycles / 3, run));
    globalThis.gc();
    stretches.push({ growthBytes: memoryUsage().heapUsed - before, growthCycles });
  }
  return stretches.sort((a, b) => a.growthBytes - b.growthBytes)[1];
}

async function repeat(times, run) {
  for (let i = 0; i < times; i++) await run();
  return Math.round(times);
}

/** CPU use needs two readings. */
async function ready(detector) {
  for (let i = 0; i < 3; i++) {
    await detector.inspect(MONITOR);
    await sleep(250);
  }
}

const engine = createSelfHealingEngine({ dryRun: true, enabledChecks: CHECKS, thresholds: HEALTHY });
await ready(engine.detector);
const cycle = () => engine.detectAndHeal();
const result = { emptyAsyncCall: await bytesOf(async () => {}), cycle: await bytesOf(cycle) };
if (argv[2] === undefined) Object.assign(result, await growthOf(cycle));
else {
  const detector = new SimpleDetector({ thresholds: HEALTHY });
  await ready(detector);
  // A monitor reads with two in turns, and has no verdicts made while everything is healthy and nothing listens.
  const glances = [detector.glance(), detector.glance()];
  let at = 0;
  const look = () => {
    at = 1 - at;
    if (glances[at].look(true) !== true) throw new Error('A look took the slow path');
  };
  result.verdicts = await bytesOf(() => detector.look(MONITOR));
  Object.assign(result, { look: await bytesOf(look) }, await growthOf(look, Number(argv[2])));
}
console.log(JSON.stringify(result));
process.exit();
