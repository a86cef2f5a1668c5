import { failedUnit, fakeHost, memoryReading } from '@luminous-nix/self-healing/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { main as batch } from '../examples/batch.js';
import { main as checks } from '../examples/checks.js';
import { main as customResolver } from '../examples/custom-resolver.js';
import { main as demo } from '../examples/demo.js';
import { main as detectAndResolve } from '../examples/detect-and-resolve.js';
import { main as embeddedWorker } from '../examples/embedded-worker.js';
import { main as metricsExpress } from '../examples/metrics-express.js';
import { main as metricsFastify } from '../examples/metrics-fastify.js';
import { main as monitorServices } from '../examples/monitor-services.js';
import { main as oneShot } from '../examples/one-shot.js';
import { main as thresholds } from '../examples/thresholds.js';

const printed: string[] = [];
/** Called with each line that an example prints. */
let listen: (line: string) => void;

beforeEach(() => {
  printed.length = 0;
  listen = () => undefined;
  vi.spyOn(console, 'log').mockImplementation((...words: unknown[]) => {
    const line = words.map(String).join(' ');
    printed.push(line);
    listen(line);
  });
});
afterEach(() => vi.restoreAllMocks());

/** A host on which nginx has failed and memory is low. */
const sickHost = () => fakeHost({ units: [failedUnit({ name: 'nginx' })], memory: memoryReading(91) });

describe('the example one-shot', () => {
  test('prints its dry run on this host, and changes nothing', async () => {
    for (const { dryRun, outcome } of await oneShot()) {
      expect(dryRun).toBe(true);
      expect(['planned', 'skipped', 'failed']).toContain(outcome);
    }
    expect(printed.length).toBeGreaterThan(0);
  });

  test('shows the plan for a failed service', async () => {
    await oneShot({ host: sickHost(), enabledChecks: ['services'] });
    expect(printed).toEqual([
      'nginx: nginx.service has failed (exit-code)',
      '  would do restart_service: nginx.service is running again',
    ]);
  });
});

describe('the example detect-and-resolve', () => {
  test('ends on this host', async () => {
    for (const { execution } of await detectAndResolve()) expect(execution?.dryRun ?? true).toBe(true);
  });

  test('selects and plans an action for each issue', async () => {
    const looked = await detectAndResolve({ host: sickHost() });
    expect(looked.map(({ action, execution }) => [action.action, execution?.outcome])).toEqual([
      // The action would gain nothing, because the kernel counts its cache as available.
      ['clear_system_cache', 'skipped'],
      ['restart_service', 'planned'],
    ]);
  });
});

describe('the example monitor-services', () => {
  test('reports a failed service, plans its repair, and ends with its signal', async () => {
    const stop = new AbortController();
    listen = (line) => line.startsWith('would heal') && stop.abort();
    const metrics = await monitorServices({ signal: stop.signal, host: sickHost() });
    expect(printed).toContain('nginx: nginx.service has failed (exit-code)');
    expect(printed).toContain('would heal nginx: restart_service');
    expect(printed).toContain('not known: systemd does not know redis.service');
    expect(printed.join()).not.toContain('Memory');
    expect(metrics).toMatchObject({ issuesDetected: 1, issuesResolved: 0 });
  });
});

test('the example custom-resolver plans the action that was registered', async () => {
  const [result, ...others] = await customResolver();
  expect(others).toEqual([]);
  expect(result).toMatchObject({
    outcome: 'planned',
    actionTaken: 'custom_restart',
    plan: { parameters: { service: 'my_special_service', waitTime: 10 } },
  });
  expect(result?.plan?.steps).toMatchObject([
    { argv: ['my-special-ctl', 'restart', '--wait', '10', 'my_special_service'] },
  ]);
});

test('the example thresholds sets thresholds, and prints the suggestions for mistakes', () => {
  const told = thresholds();
  expect(told.thresholds).toEqual({ cpuPercent: 80, memoryPercent: 90, diskPercent: 95, loadAverage: 16 });
  expect(told.refusals).toEqual([
    'Expected `cpuPercent` to be a number from 0 to 100, got `NaN` (number)',
    'Expected `diskPercent` to be a number from 0 to 100, got `120` (number)',
    'Unknown option `cpu_percent` in `thresholds`: did you mean `cpuPercent`?',
  ]);
});

test('the example checks reads one check of each family as ok, and repairs a broken web server by a function', async () => {
  const { statuses, result } = await checks();
  // These checks read the machine that the test runs on.
  const { stalls, eventLoop, certificate, backup, clock, ...others } = statuses;
  expect(
    Object.values(others).every((status) => status === 'ok'),
    JSON.stringify(statuses),
  ).toBe(true);
  expect(['ok', 'unknown']).toEqual(expect.arrayContaining([stalls === 'bad' ? 'ok' : stalls]));
  for (const status of [eventLoop, certificate, backup, clock]) expect(status).toBeDefined();
  expect(result).toMatchObject({ outcome: 'fixed', actionTaken: 'heal:web' });
});

describe('the example batch', () => {
  test('returns one result for each issue, in the given order', async () => {
    const results = await batch({ host: sickHost() });
    expect(results.map(({ issue }) => issue.component)).toEqual(['memory', 'nginx']);
    expect(results.map(({ outcome }) => outcome)).toEqual(['skipped', 'planned']);
    expect(results[0]).toMatchObject({ blockedBy: 'unavailable' });
  });

  test('does nothing for healthy components', async () => {
    const host = fakeHost();
    host.setUnit('nginx');
    const [memory, nginx] = await batch({ host });
    // No action helps memory, whether it is healthy or not.
    expect([memory?.blockedBy, nginx?.blockedBy]).toEqual(['unavailable', 'already-healthy']);
  });
});

test('the example embedded-worker replaces a worker that really died', async () => {
  const { before, after, result } = await embeddedWorker();
  expect(printed[0]).toMatch(/^The worker died: .*JSON/);
  expect(after).toBeGreaterThan(before);
  expect(result).toMatchObject({ outcome: 'fixed', dryRun: false, actionTaken: 'restart_worker' });
});

test('the example demo heals a killed worker, which the page and the metrics show, and ends', async () => {
  const stop = new AbortController();
  const running = demo({ signal: stop.signal, ports: [0, 0] });
  await vi.waitFor(() => expect(printed).toHaveLength(1), 10_000);
  const {
    url = '',
    token = '',
    metrics = '',
    pid = '',
  } = /(?<url>http:\S+)\/#token=(?<token>\S+)[^]*?(?<metrics>http:\S+)[^]*kill -9 (?<pid>\d+)/.exec(
    printed[0] ?? '',
  )?.groups ?? {};
  process.kill(Number(pid), 'SIGKILL');
  const view = async (): Promise<string> =>
    (await fetch(`${url}/api/view`, { headers: { authorization: `Bearer ${token}` } })).text();
  await vi.waitFor(
    async () => expect(await view()).toMatch(/"component":"checkout"[^}]*"outcome":"fixed"/),
    15_000,
  );
  expect(await (await fetch(metrics)).text()).toContain('healing_issues_resolved');
  stop.abort();
  await running;
  await expect(fetch(url)).rejects.toThrow();
}, 30_000);
describe('the example metrics-express', () => {
  test('serves the engine under a path of the application', async () => {
    expect(await metricsExpress({ host: fakeHost() })).toEqual({
      '/healing': 200,
      '/healing/metrics': 200,
      '/healing/health': 200,
      '/metrics': 404,
    });
  });
});

describe('the example metrics-fastify', () => {
  test('serves the engine and the metrics of the application in one registry', async () => {
    await metricsFastify({ host: fakeHost() });
    expect(printed).toEqual(['shop_orders_total 1\nhealing_success_rate 100']);
  });
});
