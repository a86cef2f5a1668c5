// A dashboard on an engine that looks once a second, with 20 parts of which one is always in trouble.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { createSelfHealingEngine, IssueType, SimpleDashboard } from '../../dist/index.js';

const [, , clients = '500'] = process.argv;
const parts = Array.from({ length: 20 }, (_, index) => `part-${index}`);
const engine = createSelfHealingEngine({
  enabledChecks: ['cpu', 'memory', 'load', 'disk', ...parts],
  checks: parts.map((name, index) => ({
    name,
    component: name,
    type: IssueType.SERVICE,
    run: () => ({
      status: index === 0 ? 'bad' : 'ok',
      reason: `At ${Math.random()}`,
      value: Math.random(),
      threshold: 1,
    }),
  })),
  dryRun: true,
});
const dashboard = new SimpleDashboard(engine, { maxClients: Number(clients) });
const { port } = await dashboard.start({ port: 0 });
void engine.startMonitoring(1);
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
let [at, used] = [performance.now(), process.cpuUsage()];

createInterface({ input: process.stdin }).on('line', () => {
  const ms = (nanoseconds) => Number((nanoseconds / 1e6).toFixed(1));
  const { user, system } = process.cpuUsage(used);
  const cpu = (user + system) / 10 / (performance.now() - at);
  const measured = { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max), cpu };
  globalThis.gc();
  const { heapUsed, rss, external } = process.memoryUsage();
  const mb = (bytes) => Number((bytes / 1e6).toFixed(1));
  say({
    ...measured,
    heap: mb(heapUsed + external),
    rss: mb(rss),
  });
  delay.reset();
  [at, used] = [performance.now(), process.cpuUsage()];
});
say({ port });
