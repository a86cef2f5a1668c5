import { readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { memoryUsage } from 'node:process';
import { median } from './rounds.mjs';

/** How many descriptors are open, and the heap in use after a collection, in bytes. */
export const descriptors = () => readdirSync('/proc/self/fd').length;
export const heap = () => {
  globalThis.gc?.();
  return memoryUsage().heapUsed;
};

/** Time of a cycle in µs: the median of seven stretches. */
async function cycleTime(cycle) {
  for (let i = 0; i < 50; i++) await cycle();
  const stretches = [];
  for (let stretch = 0; stretch < 7; stretch++) {
    const start = performance.now();
    let times = 0;
    while (performance.now() - start < 60) {
      await cycle();
      times++;
    }
    stretches.push(((performance.now() - start) * 1_000) / times);
  }
  return median(stretches);
}

/** One row for each size: time of a cycle, heap kept, descriptors open. `make` gives the cycle, and what ends it. */
export async function measure(what, sizes, make) {
  const rows = [];
  for (const size of sizes) {
    const [heapBefore, openBefore] = [heap(), descriptors()];
    const { cycle, end } = await make(size);
    const cycleUs = await cycleTime(cycle);
    rows.push({
      size,
      cycleUs,
      heapKiB: (heap() - heapBefore) / 1_024,
      descriptors: descriptors() - openBefore,
    });
    await end();
  }
  return { what, rows };
}
