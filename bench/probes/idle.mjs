// Once a second: a cycle of a monitoring engine, or nothing. Tells on demand the CPU time since the last question,
// and the memory that is this process's alone.
import console from 'node:console';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { argv, cpuUsage, exit, stdin } from 'node:process';
import { createInterface } from 'node:readline';
import { setInterval } from 'node:timers';

if (argv[2] === 'monitor') {
  const { createSelfHealingEngine } = await import('../../dist/index.js');
  const { CHECKS, HEALTHY } = await import('../checks.mjs');
  void createSelfHealingEngine({ dryRun: true, enabledChecks: CHECKS, thresholds: HEALTHY }).startMonitoring(
    1,
  );
} else {
  setInterval(() => {}, 1_000);
}
console.log('ready');

let cpu = cpuUsage();
let at = performance.now();
const lines = createInterface({ input: stdin });
lines.on('line', () => {
  const { user, system } = cpuUsage(cpu);
  const seconds = (performance.now() - at) / 1_000;
  const privateKiB = [...readFileSync('/proc/self/smaps_rollup', 'utf8').matchAll(/^Private_\w+:\s+(\d+)/gm)]
    .map(([, kib]) => Number(kib))
    .reduce((sum, kib) => sum + kib, 0);
  console.log(JSON.stringify({ cpuPercent: (user + system) / 1e4 / seconds, seconds, privateKiB }));
  cpu = cpuUsage();
  at = performance.now();
});
lines.on('close', () => exit());
