// In a fresh process: CPU time and memory of the import of a module; prints JSON.
import console from 'node:console';
import { performance } from 'node:perf_hooks';
import { argv, cpuUsage, memoryUsage } from 'node:process';

const rssBefore = memoryUsage.rss();
const [start, before] = [performance.now(), cpuUsage()];
await import(argv[2]);
const { user, system } = cpuUsage(before);
const wallMs = performance.now() - start;
console.log(
  JSON.stringify({ cpuMs: (user + system) / 1e3, wallMs, rssBytes: memoryUsage.rss() - rssBefore }),
);
