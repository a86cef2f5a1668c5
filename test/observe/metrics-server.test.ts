import { createServer, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { MetricsServer, type MetricsServerOptions } from '../../src/observe/metrics-server.js';
import { prometheusMetrics } from '../../src/observe/prometheus.js';
import { unknown } from '../../src/model/reading.js';
import { unitReading } from '../../src/testing/index.js';
import { benchOf } from '../make-engine.js';
import { samplesIn } from './samples.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serverOf(options: Partial<MetricsServerOptions> = {}) {
  const bench = benchOf();
  const server = new MetricsServer({ healingEngine: bench.engine, port: 0, ...options });
  ends.push(() => server.stop());
  const { url } = await server.start();
  const get = (path: string, init?: RequestInit) => fetch(`${url}${path}`, init);
  return { ...bench, server, url, get };
}

describe('/metrics', () => {
  it('shows an engine that was running before', async () => {
    const { engine, server } = await serverOf();
    await server.stop();
    await engine.detectAndHeal();
    const { url } = await server.start();
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(samplesIn(await response.text()).get('healing_cycles_total{outcome="done"}')).toBe(1);
  });

  const PROMETHEUS =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  it.each([
    ['/metrics', undefined, false],
    ['/metrics', PROMETHEUS, false],
    ['/metrics', 'application/openmetrics-text; version=1.0.0', true],
    ['/metrics?format=openmetrics', PROMETHEUS, true],
    ['/metrics?format=text', 'application/openmetrics-text', false],
  ])(
    '%s for a client that accepts %s has the documented names, or those of OpenMetrics: %s',
    async (path, accept, open) => {
      const { get } = await serverOf();
      const response = await get(path, accept === undefined ? {} : { headers: { accept } });
      expect(response.headers.get('content-type')?.startsWith('application/openmetrics-text')).toBe(open);
      const names = samplesIn(await response.text());
      expect(names.has('healing_issues_detected')).toBe(!open);
      expect(names.has('healing_issues_detected_total')).toBe(open);
    },
  );

  it('shows a whole registry of the host program, also one that has the engine already', async () => {
    const registry = new Registry();
    const { Gauge } = await import('prom-client');
    new Gauge({ name: 'shop_orders', help: 'Orders.', registers: [registry] }).set(7);
    const { engine } = benchOf({}, { metrics: [prometheusMetrics({ registry })] });
    const { get, server } = await serverOf({ healingEngine: engine, registry });
    const all = samplesIn(await (await get('/metrics')).text());
    expect(all.get('shop_orders')).toBe(7);
    expect(all.get('healing_paused')).toBe(0);
    await server.stop();
    expect(registry.getSingleMetric('healing_paused')).toBeDefined();
  });

  it('answers many requests at once', async () => {
    const { get } = await serverOf({ maxConnections: 50 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => get('/metrics').then((one) => one.text())),
    );
    expect(new Set(answers).size).toBe(1);
  }, 30_000);

  it('answers 500 if the registry throws, and continues', async () => {
    const registry = new Registry();
    const { Gauge } = await import('prom-client');
    let broken = true;
    const collect = (): void => {
      if (broken) throw new Error('secret');
    };
    new Gauge({ name: 'bad', help: 'x', registers: [registry], collect });
    const { get } = await serverOf({ registry });
    const response = await get('/metrics');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    broken = false;
    expect((await get('/metrics')).status).toBe(200);
  });
});

describe('/health', () => {
  it('is 503 with the reason, and 200 while the engine works', async () => {
    const { get, engine } = await serverOf();
    const before = await get('/health');
    expect(before.status).toBe(503);
    expect(await before.json()).toMatchObject({
      status: 'failing',
      reasons: ['The engine does not monitor and has not looked at the host yet'],
      lastCheck: null,
    });
    await engine.detectAndHeal();
    const after = await get('/health');
    expect(after.status).toBe(200);
    expect(after.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await after.json()).toMatchObject({ status: 'ok', reasons: [], openIssues: 0 });
  });

  it('is 503 while listed units cannot be read, and metrics report each as unknown', async () => {
    const bench = benchOf({ units: unknown('no systemd') }, { services: ['nginx', 'redis'] });
    const { get } = await serverOf({ healingEngine: bench.engine });
    await bench.engine.detectAndHeal();
    const blind = await get('/health');
    expect(blind.status).toBe(503);
    expect(await blind.json()).toMatchObject({
      status: 'failing',
      reasons: ['services has been unreadable for 0 ms: no systemd'],
      lostReadings: ['services'],
    });
    const all = samplesIn(await (await get('/metrics')).text());
    expect(all.get('healing_reading_unknown{component="nginx"}')).toBe(1);
    bench.host.set({ units: ['nginx', 'redis'].map((name) => unitReading({ name: `${name}.service` })) });
    await bench.engine.detectAndHeal();
    expect((await get('/health')).status).toBe(200);
    const seen = samplesIn(await (await get('/metrics')).text());
    expect(seen.get('healing_reading_unknown{component="nginx"}')).toBe(0);
  });

  it('is 200 if a built-in check has nothing to read and no unit is listed', async () => {
    const bench = benchOf({ units: unknown('no systemd') });
    const { get } = await serverOf({ healingEngine: bench.engine });
    await bench.engine.detectAndHeal();
    const health = await get('/health');
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ reasons: [], lostReadings: ['services'] });
  });
});

describe('the page of the metrics server', () => {
  it('links to the others, without script or style, and shows issues as text', async () => {
    const { get, engine } = await serverOf();
    engine.detector = {
      detectIssues: () => Promise.reject(new Error('<img src=x onerror=alert(1)>')),
    };
    await engine.detectAndHeal().catch(() => undefined);
    const response = await get('/');
    const page = await response.text();
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page).toContain('href="./metrics"');
    expect(page).toContain('&lt;img src=x');
    expect(page).not.toMatch(/<(img|script|style)/);
  });
});

describe('the metrics server', () => {
  it('is read-only, and answers 404 for unknown paths', async () => {
    const { get } = await serverOf();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await get('/metrics', { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('GET, HEAD');
    }
    for (const path of ['/secret', '/metrics/', '/%2e%2e/etc/passwd', '//metrics']) {
      expect((await get(path)).status).toBe(404);
    }
    expect(await (await get('/metrics', { method: 'HEAD' })).text()).toBe('');
  });

  it('may be stopped repeatedly, and does not close the engine', async () => {
    const { server, engine } = await serverOf();
    await server.stop();
    await server.stop();
    await server[Symbol.asyncDispose]();
    expect(engine.status().closed).toBe(false);
    await engine.detectAndHeal();
  });

  it('reports that a port is taken', async () => {
    const { url } = await serverOf();
    const other = new MetricsServer({ healingEngine: benchOf().engine, port: Number(new URL(url).port) });
    await expect(other.start()).rejects.toMatchObject({ code: 'cannot-listen' });
    await other.stop();
  });

  it.each([
    [{}, 'Expected `healingEngine`'],
    [{ healingEngine: {} }, 'Expected `healingEngine`'],
    [benchOf().engine, 'Expected `options` to be `{ healingEngine: engine }`, got an engine'],
    [{ healingEngine: benchOf().engine, port: 70_000 }, 'Expected `port`'],
    [{ healingEngine: benchOf().engine, registry: {} }, 'Expected `registry`'],
    [{ healingEngine: benchOf().engine, prt: 1 }, 'did you mean `port`'],
  ])('refuses invalid options: %#', (options, words) => {
    expect(() => new MetricsServer(options as never)).toThrow(words);
  });
});

describe('the handler of the metrics server', () => {
  it('answers under a prefix in an existing server, with links below that prefix', async () => {
    const { engine } = benchOf();
    const server = new MetricsServer({ healingEngine: engine });
    const host = createServer(server.handler('/healing')).listen(0, '127.0.0.1');
    ends.push(
      () => server.stop(),
      () => new Promise((resolve) => host.close(resolve)),
    );
    await once(host, 'listening');
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
    expect((await fetch(`${url}/healing/metrics`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect((await fetch(`${url}/healingx/metrics`)).status).toBe(404);
    for (const page of ['/healing', '/healing/']) {
      const html = await (await fetch(`${url}${page}`)).text();
      const [, link = ''] = /href="([^"]*metrics)"/.exec(html) ?? [];
      expect(new URL(link, `${url}${page}`).pathname).toBe('/healing/metrics');
    }
  });

  it('never links to another host', async () => {
    const { url } = await serverOf();
    const answer = await new Promise<string>((resolve, reject) => {
      const { port, hostname } = new URL(url);
      httpRequest({ host: hostname, port, path: '//evil.example/' }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve(body));
      })
        .on('error', reject)
        .end();
    });
    expect(answer).not.toContain('evil.example');
  });
});
