// Runs inside a test host: an engine with so many checks of nginx, every 30 s, for so many seconds, and
// the CPU that it and Monit (`monit-checks.mjs COUNT SECONDS PID`) used meanwhile, after the first cycle of each; as JSON.
import { readFileSync } from 'node:fs';
import { argv, cpuUsage, memoryUsage, stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSelfHealingEngine } from '../../dist/index.js';
import { http } from '../../dist/checks/index.js';

const [count, seconds, pid] = argv.slice(2).map(Number);
const starts = [];
const checks = Array.from({ length: count }, (_, index) => {
  const check = http({ name: `c${index}`, url: `http://127.0.0.1/?${index}` });
  const run = (...given) => {
    starts.push(performance.now());
    return check.run(...given);
  };
  return { ...check, run };
});
/** CPU of another process, in milliseconds: a clock tick is 10 ms. */
const cpuOf = () => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
const residentMiB = () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024);
const own = () => {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
};

const engine = createSelfHealingEngine({ checks, enabledChecks: checks.map(({ name }) => name) });
const first = new Promise((resolve) => engine.on('cycle:done', resolve));
const monitoring = engine.startMonitoring(30);
await first;
// Both have done their first cycle.
await sleep(5_000);
starts.length = 0;
const before = { own: own(), monit: cpuOf() };
await sleep(seconds * 1_000);
const after = { own: own(), monit: cpuOf() };
const runs = starts.length / count;
const perSecond = new Map();
for (const at of starts) perSecond.set(Math.floor(at / 10), (perSecond.get(Math.floor(at / 10)) ?? 0) + 1);
const result = {
  runsOfEach: runs,
  oursMsPerCheck: Number(((after.own - before.own) / starts.length).toFixed(3)),
  monitMsPerCheck: Number(((after.monit - before.monit) / (count * Math.floor(seconds / 30))).toFixed(3)),
  mostStartsIn10Ms: Math.max(...perSecond.values()),
  oursMiB: Math.round(memoryUsage().rss / 2 ** 20),
  monitMiB: residentMiB(),
};
await engine.close();
await monitoring;
stdout.write(JSON.stringify(result));
