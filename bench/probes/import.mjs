// In a fresh process: what the import of a module costs, and what the first cycle costs after it.
import console from 'node:console';
import { performance } from 'node:perf_hooks';
import { argv, memoryUsage } from 'node:process';
import { CHECKS, HEALTHY } from '../checks.mjs';

const [, , specifier, then] = argv;
const rssBefore = memoryUsage.rss();
const start = performance.now();
const loaded = await import(specifier);
const importMs = performance.now() - start;
const rssBytes = memoryUsage.rss() - rssBefore;
let firstCycleMs;
if (then === 'cycle') {
  const engine = loaded.createSelfHealingEngine({ dryRun: true, enabledChecks: CHECKS, thresholds: HEALTHY });
  await engine.detectAndHeal();
  firstCycleMs = performance.now() - start;
}
console.log(JSON.stringify({ importMs, rssBytes, firstCycleMs }));
