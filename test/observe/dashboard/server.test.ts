import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { BUILT_IN_NAMES } from '../../../src/actions/registry.js';
import { SimpleDashboard, type DashboardOptions } from '../../../src/observe/dashboard/index.js';
import { benchOf, type Bench } from '../../make-engine.js';
import { failedUnit, memoryReading } from '../../../src/testing/index.js';

const TOKEN = 'sixteen-characters-and-more';

interface Open extends Bench {
  readonly dashboard: SimpleDashboard;
  readonly url: string;
  readonly port: number;
}

async function open(options: DashboardOptions = {}): Promise<Open> {
  const bench = benchOf(
    { units: [failedUnit({ name: 'nginx' })], memory: memoryReading(50) },
    { dryRun: true },
  );
  const dashboard = new SimpleDashboard(bench.engine, options);
  const { url, port } = await dashboard.start({ port: 0 });
  onTestFinished(async () => {
    await dashboard.stop();
    await bench.engine.close();
  });
  return { ...bench, dashboard, url, port };
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request without the restrictions of `fetch`. */
const ask = (
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });

const ORDER = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };

/** Opens an event stream and collects its events. */
function stream(
  port: number,
  headers: Record<string, string> = {},
): { text: () => string; ended: Promise<void> } {
  let text = '';
  const ended = new Promise<void>((resolve) => {
    const asked = request(
      { port, host: '127.0.0.1', path: '/api/events', headers, agent: false },
      (response) => {
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('close', resolve);
        response.on('error', () => resolve());
      },
    );
    asked.on('error', () => resolve());
    asked.end();
  });
  return { text: () => text, ended };
}

describe('the page', () => {
  test('is less than 150 KB in all, without inline scripts or styles', async () => {
    const { port } = await open();
    const { status, headers, body } = await ask(port, '/');
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(body).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=|https?:/);
    const files = [...body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, file = '']) => file);
    expect(files).toHaveLength(3);
    let weight = Buffer.byteLength(body);
    for (const file of files) {
      const answered = await ask(port, `/${file}`);
      expect(answered.status).toBe(200);
      expect(answered.headers['cache-control']).toContain('immutable');
      weight += Buffer.byteLength(answered.body);
    }
    expect(weight).toBeLessThan(150_000);
    expect(gzipSync(body).length).toBeLessThan(2_000);
  });

  test('is available for HEAD, and not for writing methods', async () => {
    const { port } = await open();
    expect(await ask(port, '/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    expect(await ask(port, '/', { method: 'POST' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    });
    for (const path of ['/nothing', '/api/nothing', '/../package.json', '//evil.example', '/api/constructor'])
      expect((await ask(port, path)).status).toBe(404);
  });

  test('is available under the allowed names only', async () => {
    const { port } = await open();
    const answered = await ask(port, '/api/view', { headers: { host: 'rebound.example' } });
    expect(answered).toMatchObject({ status: 403 });
    expect(answered.body).toContain('allowedHosts');
    expect(answered.headers['content-type']).toContain('json');
  });
});

describe('the view of the engine', () => {
  test('is one JSON document', async () => {
    const { engine, port } = await open();
    await engine.detectAndHeal();
    const view = JSON.parse((await ask(port, '/api/view')).body) as Record<string, unknown>;
    expect(view).toMatchObject({
      headline: { tone: 'bad', sentence: '1 open issue: nginx.' },
      banners: [{ kind: 'not-looking' }, { kind: 'dry-run' }],
      issues: [{ component: 'nginx', severity: 3 }],
      controls: false,
    });
  });

  test('is sent to every page as soon as it changes', async () => {
    const { engine, port } = await open();
    const [one, two] = [stream(port), stream(port)];
    await vi.waitFor(() => expect(one.text() + two.text()).toMatch(/event: view.*event: view/s));
    await engine.detectAndHeal();
    for (const { text } of [one, two])
      await vi.waitFor(() => expect(text()).toContain('nginx.service has failed'));
    expect(one.text()).toMatch(/^event: history\ndata: \{"times":\[/);
  });

  test('ends with the dashboard', async () => {
    const { dashboard, port } = await open();
    const { text, ended } = stream(port);
    await vi.waitFor(() => expect(text()).toContain('event: view'));
    await dashboard.stop();
    await ended;
    await expect(ask(port, '/')).rejects.toThrow();
  });

  test('is sent to a limited number of pages', async () => {
    const { port } = await open({ maxClients: 2 });
    const streams = [stream(port), stream(port)];
    await vi.waitFor(() => streams.forEach(({ text }) => expect(text()).toContain('event: view')));
    const answered = await ask(port, '/api/events');
    expect(answered).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
    // The page itself is still served.
    expect((await ask(port, '/')).status).toBe(200);
  });

  test('requires the token if there is one', async () => {
    const { port } = await open({ token: TOKEN });
    for (const path of ['/api/view', '/api/events'])
      expect(await ask(port, path)).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    expect((await ask(port, `/api/view?token=${TOKEN}`)).status).toBe(401);
    expect((await ask(port, '/api/view', { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(
      200,
    );
  });
});

describe('a command on the dashboard', () => {
  test('is refused without controls, without the token, and from another origin', async () => {
    const readOnly = await open({ token: TOKEN });
    const body = JSON.stringify({ reason: 'a backup' });
    expect((await ask(readOnly.port, '/api/pause', { method: 'POST', headers: ORDER, body })).status).toBe(
      403,
    );
    const { engine, port } = await open({ token: TOKEN, controls: true });
    engine.dryRun = false;
    for (const [headers, status] of [
      [{ 'content-type': 'application/json' }, 401],
      [{ ...ORDER, 'content-type': 'text/plain' }, 415],
      [{ ...ORDER, origin: 'http://evil.example' }, 403],
      [{ ...ORDER, 'sec-fetch-site': 'cross-site' }, 403],
    ] as const)
      expect((await ask(port, '/api/pause', { method: 'POST', headers, body })).status).toBe(status);
    expect((await ask(port, '/api/pause', { headers: ORDER })).status).toBe(405);
    expect(engine.status().pauses).toEqual([]);
  });

  test('is executed: pause, resume, reset', async () => {
    const { engine, port } = await open({ token: TOKEN, controls: true });
    engine.dryRun = false;
    const tell = (what: string, value: unknown) =>
      ask(port, `/api/${what}`, { method: 'POST', headers: ORDER, body: JSON.stringify(value) });
    expect((await tell('pause', { reason: 'a backup' })).status).toBe(200);
    expect(engine.status().pauses).toMatchObject([{ reason: 'a backup' }]);
    expect((await tell('resume', { reason: 'a backup' })).status).toBe(200);
    expect((await tell('reset', { component: 'cpu' })).status).toBe(200);
    expect(await tell('reset', { component: 'cpus' })).toMatchObject({
      status: 400,
      body: '{"error":"Nothing is known of the component `cpus`: did you mean `cpu`?"}\n',
    });
    expect(await tell('resume', { reason: 'a backup' })).toMatchObject({
      status: 400,
      body: '{"error":"Not paused for `a backup`; nothing is paused"}\n',
    });
    expect((await tell('approve', { id: 'deadbeef' })).body).toContain(
      'No approval is waiting under `deadbeef`',
    );
  });

  test('cannot approve what the root helper accepts only from a person on the host', async () => {
    const { engine, executor } = benchOf(
      { units: [failedUnit({ name: 'nginx' })] },
      { fake: { plan: () => ({ approval: 'A person has to decide', approvedBy: 'person' }) } },
    );
    const dashboard = new SimpleDashboard(engine, { token: TOKEN, controls: true });
    const { port } = await dashboard.start({ port: 0 });
    onTestFinished(async () => {
      await dashboard.stop();
      await engine.close();
    });
    await engine.detectAndHeal();
    const { id } = engine.status().approvals[0]!;
    const tell = (what: string) =>
      ask(port, `/api/${what}`, { method: 'POST', headers: ORDER, body: JSON.stringify({ id }) });
    expect(await tell('approve')).toMatchObject({
      status: 400,
      body: `{"error":"Only a person on the host may approve this: luminous-healing approve ${id}"}\n`,
    });
    expect(executor.executed).toEqual([]);
    expect(engine.explain('nginx')[0]?.next).toContain(`\`luminous-healing approve ${id}\``);
    const view = (await ask(port, '/api/view', { headers: ORDER })).body;
    expect(JSON.parse(view)).toMatchObject({
      approvals: [{ id, command: `luminous-healing approve ${id}` }],
    });
    expect((await tell('reject')).status).toBe(200);
    expect(engine.status().approvals).toEqual([]);
  });

  test.each([
    '',
    '[]',
    'null',
    '{"reason":1}',
    '{"reason":" "}',
    '{',
    '{"__proto__":{"reason":"x"}}',
    `{"reason":"${'x'.repeat(5_000)}"}`,
  ])('is refused if invalid: %.40s', async (body) => {
    const { engine, port } = await open({ token: TOKEN, controls: true });
    engine.dryRun = false;
    expect((await ask(port, '/api/pause', { method: 'POST', headers: ORDER, body })).status).toBe(400);
    expect(engine.status().pauses).toEqual([]);
  });
});

describe('the address of the dashboard', () => {
  test('is loopback only, without a token', async () => {
    const { engine } = benchOf();
    await expect(new SimpleDashboard(engine).start({ host: '0.0.0.0', port: 0 })).rejects.toThrow(
      'Expected `host` to be a loopback address, as long as there is no `token`, got `"0.0.0.0"` (string)',
    );
    const dashboard = new SimpleDashboard(engine, { token: TOKEN });
    const { port } = await dashboard.start({ host: '0.0.0.0', port: 0 });
    expect((await ask(port, '/')).status).toBe(200);
    await dashboard.stop();
  });

  test('may be any path of a custom server', async () => {
    const { engine } = benchOf();
    const dashboard = new SimpleDashboard(engine);
    const handler = dashboard.handler('/healing');
    const server = createServer(handler).listen(0, '127.0.0.1');
    onTestFinished(async () => {
      await dashboard.stop();
      server.close();
    });
    await vi.waitFor(() => expect(server.listening).toBe(true));
    const { port } = server.address() as AddressInfo;
    expect(await ask(port, '/healing')).toMatchObject({ status: 308, headers: { location: './healing/' } });
    const { body } = await ask(port, '/healing/');
    const [, script = ''] = /src="([^"]+)"/.exec(body) ?? [];
    expect((await ask(port, `/healing/${script}`)).status).toBe(200);
    expect((await ask(port, '/healing/api/view')).status).toBe(200);
    expect((await ask(port, '/healingx/')).status).toBe(404);
    await dashboard.stop();
    expect((await ask(port, '/healing/')).status).toBe(503);
  });

  test('may be a path whose prefix express has removed', async () => {
    const { engine } = benchOf();
    const dashboard = new SimpleDashboard(engine);
    const handler = dashboard.handler();
    const server = createServer((incoming, response) => {
      Object.assign(incoming, {
        originalUrl: incoming.url,
        url: incoming.url === '/healing' ? '/' : incoming.url?.slice('/healing'.length),
      });
      handler(incoming, response);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await vi.waitFor(() => expect(server.listening).toBe(true));
    const { port } = server.address() as AddressInfo;
    expect(await ask(port, '/healing')).toMatchObject({ status: 308, headers: { location: './healing/' } });
    expect((await ask(port, '/healing/')).status).toBe(200);
  });

  test.each(['healing', '/healing/', '/a?b', 7])('may not have the invalid prefix %s', (prefix) => {
    const { engine } = benchOf();
    expect(() => new SimpleDashboard(engine).handler(prefix as string)).toThrow(/^Expected `prefix`/);
  });
});

test('a client that reads nothing does not delay the events of the others', async () => {
  const { engine, port } = await open();
  const slow = connect({ port, host: '127.0.0.1' });
  slow.pause();
  slow.write('GET /api/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  const { text } = stream(port);
  await vi.waitFor(() => expect(text()).toContain('event: view'));
  const before = text().length;
  await engine.detectAndHeal();
  await vi.waitFor(() => expect(text().length).toBeGreaterThan(before));
  slow.destroy();
});

describe('the capabilities of the host', () => {
  test('are requested once a minute, however many pages are opened', async () => {
    const { port, engine } = await open({ token: TOKEN });
    const asked = vi.spyOn(engine, 'capabilities');
    expect((await ask(port, '/api/capabilities')).status).toBe(401);
    const headers = { authorization: `Bearer ${TOKEN}` };
    const [one, other] = await Promise.all([
      ask(port, '/api/capabilities', { headers }),
      ask(port, '/api/capabilities', { headers }),
    ]);
    expect(one.status).toBe(200);
    expect(JSON.parse(one.body)).toHaveLength(BUILT_IN_NAMES.length);
    expect(other.body).toBe(one.body);
    expect(asked).toHaveBeenCalledTimes(1);
    expect((await ask(port, '/api/capabilities', { headers, method: 'POST' })).status).toBe(405);
  });
});
