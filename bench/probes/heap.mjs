// In a process with --expose-gc and room for many cycles without a collection: bytes of heap for one cycle, and
// what is left of many after a collection.
import console from 'node:console';
import { performance } from 'node:perf_hooks';
import { memoryUsage } from 'node:process';
import { GCProfiler } from 'node:v8';
import { readyDetector, readyEngine } from '../subjects.mjs';

const WARM_UP_MS = 1_500;
const SETTLE_MS = 300;
const COUNTED = 16_000;
const STRETCH_MS = 1_200;

async function repeatFor(ms, run) {
  const end = performance.now() + ms;
  let times = 0;
  for (; performance.now() < end; times++) await run();
  return times;
}

/** Bytes for one run; a collection in between would hide them, so such a measurement is made again. */
async function bytesOf(run) {
  await repeatFor(WARM_UP_MS, run);
  for (let attempt = 0; attempt < 5; attempt++) {
    globalThis.gc();
    // A collection makes V8 forget code that it compiles anew: that is no allocation of a cycle's.
    await repeatFor(SETTLE_MS, run);
    const profiler = new GCProfiler();
    profiler.start();
    const before = memoryUsage().heapUsed;
    for (let i = 0; i < COUNTED; i++) await run();
    const after = memoryUsage().heapUsed;
    if (profiler.stop().statistics.length === 0) return (after - before) / COUNTED;
  }
  return undefined;
}

/** What is left after a collection, in the middle one of three stretches; compiled code comes and goes. */
async function growthOf(run) {
  const stretches = [];
  for (let stretch = 0; stretch < 3; stretch++) {
    globalThis.gc();
    const before = memoryUsage().heapUsed;
    const cycles = await repeatFor(STRETCH_MS, run);
    globalThis.gc();
    stretches.push({ growthBytes: memoryUsage().heapUsed - before, growthCycles: cycles });
  }
  return stretches.sort((a, b) => a.growthBytes - b.growthBytes)[1];
}

const { detector } = await readyDetector();
const { engine } = await readyEngine();
console.log(
  JSON.stringify({
    emptyAsyncCall: await bytesOf(async () => {}),
    detection: await bytesOf(() => detector.inspect()),
    cycle: await bytesOf(() => engine.detectAndHeal()),
    ...(await growthOf(() => engine.detectAndHeal())),
  }),
);
