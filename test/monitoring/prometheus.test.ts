import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createSelfHealingEngine, defineAction, MetricsServer } from '@luminous-nix/self-healing';
import { describe, expect, it } from 'vitest';
import { folder, missing } from './programs.js';

const DEADLINE_MS = 60_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Part of this program that is down until it is started again, and an engine that restarts it. */
function healingEngine() {
  const worker = { up: false };
  return createSelfHealingEngine({
    enabledChecks: ['cpu', 'memory', 'load', 'disk', 'worker'],
    guards: { settleMs: { service: 50 } },
    checks: [
      {
        ...{ name: 'worker', component: 'worker', type: 'service', parts: [] },
        run: () => ({ status: worker.up ? 'ok' : 'bad', reason: worker.up ? 'It is up' : 'It is down' }),
      },
    ],
    actions: {
      start_worker: defineAction({
        ...{ scope: 'process', risk: 'reversible', timeoutMs: 1_000 },
        parse: () => ({}),
        plan: () => ({
          targets: ['worker'],
          effect: 'The worker is up',
          steps: [
            {
              ...{ kind: 'call', name: 'start', timeoutMs: 500, interruptible: true },
              run: () => (worker.up = true),
            },
          ],
        }),
        verify: () => ({ status: worker.up ? 'fixed' : 'ineffective', reason: 'It is up' }),
      }),
    },
    resolver: {
      getAction: ({ component }) =>
        component === 'worker'
          ? { action: 'start_worker', parameters: {} }
          : { action: 'none', parameters: {} },
    },
  });
}

describe.skipIf(missing)('a real Prometheus server', () => {
  it('scrapes a running engine in both formats, evaluates the rules, and answers queries about it', async () => {
    const home = await mkdtemp(join(tmpdir(), 'healing-prometheus-'));
    const engine = healingEngine();
    const server = new MetricsServer({ healingEngine: engine, port: 0 });
    const monitoring = engine.startMonitoring(0.2);
    const target = (await server.start()).url.replace('http://', '');
    const port = await freePort();
    const config = (await readFile(join(folder, 'prometheus.yml'), 'utf8'))
      .replace('127.0.0.1:9090', target)
      .replaceAll('15s', '1s')
      .replace('alerts.yml', join(folder, 'alerts.yml'));
    const openMetrics = [
      '  - job_name: open-metrics',
      '    params: { format: [openmetrics] }',
      `    static_configs: [{ targets: ['${target}'] }]`,
    ];
    await writeFile(join(home, 'prometheus.yml'), `${config}\n${openMetrics.join('\n')}\n`);
    const prometheus = spawn(
      'prometheus',
      [
        `--config.file=${join(home, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(home, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let log = '';
    prometheus.stderr.on('data', (chunk: Buffer) => (log = `${log}${chunk.toString()}`.slice(-4_000)));
    const exited = once(prometheus, 'exit');

    const ask = async (path: string): Promise<Answered | undefined> => {
      try {
        return ((await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as { data: Answered })
          .data;
      } catch {
        return undefined;
      }
    };
    /** Repeats a query until it has a result. */
    const query = async (promql: string): Promise<number> => {
      const end = performance.now() + DEADLINE_MS;
      while (performance.now() < end) {
        const value = (await ask(`query?query=${encodeURIComponent(promql)}`))?.result?.[0]?.value[1];
        if (value !== undefined) return Number(value);
        await delay(200);
      }
      throw new Error(`Prometheus did not answer ${promql}: ${log}`);
    };
    try {
      const job = '{job="self-healing"}';
      expect(await query(`up${job} == 1`)).toBe(1);
      expect(await query(`healing_issues_resolved${job} == 1`)).toBe(1);
      expect(
        await query(`healing_actions_total{action="start_worker",outcome="fixed",job="self-healing"}`),
      ).toBe(1);
      expect(await query(`healing_issue_active{component="worker",job="self-healing"} == 0`)).toBe(0);
      expect(await query(`healing_success_rate${job}`)).toBe(100);
      expect(await query(`healing_monitoring${job}`)).toBe(1);
      expect(
        await query(`increase(healing_cycles_total{outcome="done",job="self-healing"}[30s]) > 5`),
      ).toBeGreaterThan(5);
      expect(Math.abs(Date.now() / 1_000 - (await query(`healing_last_check${job}`)))).toBeLessThan(30);
      expect(await query(`histogram_quantile(0.5, healing_detection_time_ms_bucket${job}) > 0`)).toBeLessThan(
        1_000,
      );
      expect(await query(`healing_host_memory_percent${job}`)).toBeGreaterThan(0);
      expect(await query('healing_issues_resolved_total{job="open-metrics"} == 1')).toBe(1);
      expect(
        await query('healing_actions_total{action="start_worker",outcome="fixed",job="open-metrics"}'),
      ).toBe(1);
      const rules = (await ask('rules'))?.groups?.[0]?.rules ?? [];
      expect(rules.length).toBeGreaterThan(8);
      expect(rules.filter(({ health }) => health === 'err')).toEqual([]);
      const targets = (await ask('targets'))?.activeTargets ?? [];
      expect(targets.map(({ lastError }) => lastError)).toEqual(['', '']);
    } finally {
      prometheus.kill();
      await exited;
      await server.stop();
      await engine.close();
      await monitoring;
      await rm(home, { recursive: true, force: true });
    }
  }, 180_000);
});

interface Answered {
  readonly result?: readonly { readonly value: readonly [number, string] }[];
  readonly groups?: readonly {
    readonly rules: readonly { readonly name: string; readonly health: string }[];
  }[];
  readonly activeTargets?: readonly { readonly lastError: string }[];
}
