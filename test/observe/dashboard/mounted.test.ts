import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SimpleDashboard } from '../../../src/observe/dashboard/index.js';
import { MetricsServer } from '../../../src/index.js';
import { benchOf } from '../../make-engine.js';

const TOKEN = 'sixteen-characters-and-more';
type Handle = ReturnType<SimpleDashboard['handler']>;

interface Mounted {
  readonly url: string;
  readonly pauses: () => readonly string[];
  readonly by: () => string | undefined;
}

/** Creates a dashboard with controls, mounted by a server of a host program under `/healing`. */
async function mount(
  serve: (dashboard: SimpleDashboard) => Promise<Server> | Server,
  options: { publicUrl?: string } = {},
): Promise<Mounted> {
  const { engine } = benchOf();
  const dashboard = new SimpleDashboard(engine, { token: TOKEN, controls: true, ...options });
  const server = await serve(dashboard);
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await dashboard.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await engine.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/healing`,
    pauses: () => engine.status().pauses.map(({ reason }) => reason),
    by: () => engine.status().commands.at(-1)?.by,
  };
}

const expressWith =
  (...before: express.RequestHandler[]) =>
  (dashboard: SimpleDashboard): Server => {
    const app = express();
    for (const one of before) app.use(one);
    app.use('/healing', dashboard.handler());
    return createServer(app as never);
  };

const fastifyWith =
  (hand: (raw: IncomingMessage & { body?: unknown }, body: unknown) => void) =>
  async (dashboard: SimpleDashboard): Promise<Server> => {
    const app = fastify();
    const handle: Handle = dashboard.handler('/healing');
    app.all('/healing/*', (asked, reply) => {
      reply.hijack();
      hand(asked.raw, asked.body);
      handle(asked.raw, reply.raw);
    });
    await app.ready();
    return app.server;
  };

/** Middleware that leaves `{}` for a body that it does not parse, like body parsers of express 4. */
const leavesEmpty: express.RequestHandler = (asked, _, next) => {
  asked.body = {};
  next();
};
/** Middleware that consumes the body. */
const swallows: express.RequestHandler = (asked, _, next) => void asked.resume().once('end', () => next());

const order = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/api/pause`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-luminous-token': TOKEN, ...headers },
    body,
  });

describe('a request body in a host server', () => {
  test.each([
    ['no parser', expressWith()],
    ['express.json()', expressWith(express.json())],
    ['express.text()', expressWith(express.text({ type: '*/*' }))],
    ['express.raw()', expressWith(express.raw({ type: '*/*' }))],
    [
      'express.urlencoded() and express.json()',
      expressWith(express.urlencoded({ extended: true }), express.json()),
    ],
    ['a parser for another content type', expressWith(express.json({ type: 'text/x-other' }), leavesEmpty)],
    ['fastify, as in docs/dashboard.md', fastifyWith((raw, body) => void (raw.body = body))],
  ])('is accepted with %s', async (_, serve) => {
    const { url, pauses } = await mount(serve);
    const answer = await order(url, JSON.stringify({ reason: 'a backup runs' }));
    expect(await answer.text()).toBe('{"done":true}\n');
    expect(pauses()).toEqual(['a backup runs']);
    // An invalid command is still refused.
    for (const body of [
      '{}',
      '[]',
      'null',
      '"reason"',
      '{"reason":5}',
      '{"reason":" "}',
      '{"__proto__":{"reason":"x"}}',
    ])
      expect((await order(url, body)).status, body).toBe(400);
    expect(pauses()).toEqual(['a backup runs']);
  });

  test.each([
    ['a middleware that consumes it', expressWith(swallows)],
    ['fastify, without passing it on', fastifyWith(() => undefined)],
  ])('that was consumed is requested in a sentence: %s', async (_, serve) => {
    const { url, pauses } = await mount(serve);
    const answer = await order(url, JSON.stringify({ reason: 'a backup runs' }));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('hand it over as `request.body`');
    expect(pauses()).toEqual([]);
  });
});

describe('the author of a command', () => {
  test.each([
    ['no proxy', {}, {}, 'dashboard token, from 127.0.0.1'],
    [
      'a forwarded header without a proxy',
      {},
      { 'x-forwarded-for': '203.0.113.9' },
      'dashboard token, from 127.0.0.1',
    ],
    [
      'a proxy, whose last entry applies',
      { publicUrl: 'https://ops.example.org/healing/' },
      { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' },
      'dashboard token, from 203.0.113.9 by a proxy',
    ],
    [
      'a proxy that passes on an invalid address',
      { publicUrl: 'https://ops.example.org/healing/' },
      { 'x-forwarded-for': '<script>alert(1)</script>' },
      'dashboard token, from 127.0.0.1',
    ],
  ])('is recorded with its address: %s', async (_, options, headers, by) => {
    const mounted = await mount(expressWith(express.json()), options);
    expect((await order(mounted.url, '{"reason":"a test"}', headers)).status).toBe(200);
    expect(mounted.by()).toBe(by);
  });
});

/** Sends a request with any `Host`, which `fetch` does not permit. */
const statusWith = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });

describe('the metrics server follows the same rules for Host and proxies', () => {
  const forwarded = { 'x-forwarded-for': '203.0.113.9' };
  test.each([
    ['its address', {}, {}, 200],
    ['localhost', {}, { host: 'localhost:9090' }, 200],
    ['another name', {}, { host: 'rebound.example' }, 403],
    ['an allowed name', { allowedHosts: ['Web1.example.org'] }, { host: 'web1.example.org:9090' }, 200],
    ['a proxy', {}, forwarded, 403],
    ['the proxy in `publicUrl`', { publicUrl: 'https://ops.example.org/m/' }, forwarded, 200],
    [
      'the name of that proxy',
      { publicUrl: 'https://ops.example.org/m/' },
      { ...forwarded, host: 'ops.example.org' },
      200,
    ],
    [
      'another name through that proxy',
      { publicUrl: 'https://ops.example.org/m/' },
      { ...forwarded, host: 'x.example' },
      403,
    ],
  ])('with %s', async (_, options, headers, status) => {
    const { engine } = benchOf();
    const metrics = new MetricsServer({ healingEngine: engine, port: 0, ...options });
    onTestFinished(async () => {
      await metrics.stop();
      await engine.close();
    });
    const { url } = await metrics.start();
    for (const path of ['/metrics', '/', '/nothing'])
      expect(await statusWith(url + path, headers)).toBe(
        status === 200 && path === '/nothing' ? 404 : status,
      );
  });

  test.each([
    5,
    'ops.example.org',
    'ftp://ops.example.org',
    'https://u:p@ops.example.org',
    'https://ops.example.org/?a',
    'https://ops.example.org/#a',
  ])('the option `publicUrl` may not be %s', (publicUrl) => {
    const { engine } = benchOf();
    for (const make of [
      () => new MetricsServer({ healingEngine: engine, publicUrl: publicUrl as string }),
      () => new SimpleDashboard(engine, { publicUrl: publicUrl as string }),
    ])
      expect(make).toThrow(/Expected `publicUrl` to be an address such as/);
  });
});
