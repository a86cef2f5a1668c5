import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SimpleDashboard } from '../../../src/observe/dashboard/simple-dashboard.js';
import { send, text } from '../../../src/observe/http/answer.js';
import { HttpServer, type Handler } from '../../../src/observe/http/http-server.js';
import { MetricsServer } from '../../../src/observe/metrics-server.js';
import { benchOf } from '../../make-engine.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Ways to hold a connection without a request. */
const SLOW = {
  'that send nothing': '',
  'that say half a header': 'GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ',
  'that say half a body': 'POST /api/pause HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 4000\r\n\r\n{',
  'that keep an answered connection open': 'GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
} as const;

async function slowClients(port: number, count: number, words: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).on('data', () => undefined);
    ends.push(() => socket.destroy());
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets) if (words !== '') socket.write(words);
  return sockets;
}

/** Requests as monitoring clients make them, each on a new connection. */
const normal = async (url: string): Promise<number> =>
  (await fetch(url, { headers: { connection: 'close' } })).status;

describe.each(Object.entries(SLOW))('500 HTTP clients %s and', (_, words) => {
  it.each(['metrics', 'dashboard'] as const)('do not block 50 normal ones of the %s', async (kind) => {
    const { engine } = benchOf();
    const metrics = new MetricsServer({ healingEngine: engine, port: 0 });
    const dashboard = new SimpleDashboard(engine);
    ends.push(() => dashboard.stop());
    ends.push(() => metrics.stop());
    const { url, port } = kind === 'metrics' ? await metrics.start() : await dashboard.start(0);
    await slowClients(port, 250, words);
    const page = kind === 'metrics' ? '/metrics' : '/api/view';
    const first = Promise.all(Array.from({ length: 25 }, () => normal(`${url}${page}`)));
    await slowClients(port, 250, words);
    const second = Promise.all(Array.from({ length: 25 }, () => normal(`${url}${page}`)));
    expect(new Set([...(await first), ...(await second)])).toEqual(new Set([200]));
  });
});

describe('the connection limit of a server', () => {
  const serverOf = async (handler: Handler, maxConnections: number) => {
    const server = new HttpServer({ handler, defaults: { host: '127.0.0.1', port: 0 }, maxConnections });
    ends.push(() => server.stop());
    return server.start();
  };

  it('never closes connections that are being answered, and reserves 8 for this machine', async () => {
    const open: (() => void)[] = [];
    const hang: Handler = (request, response) =>
      void open.push(() => send(request, response, text(200, 'late')));
    const { url } = await serverOf(hang, 2);
    const asked = Array.from({ length: 10 }, () => normal(url));
    // 2 for all clients and 8 for this machine.
    while (open.length < 10) await new Promise((resolve) => setImmediate(resolve));
    await expect(normal(url)).rejects.toThrow();
    for (const answer of open) answer();
    expect(new Set(await Promise.all(asked))).toEqual(new Set([200]));
  });

  it('closes idle connections for new ones, the oldest first', async () => {
    const { url, port } = await serverOf((request, response) => send(request, response, text(200, 'ok')), 3);
    const [oldest] = await slowClients(port, 1, '');
    const gone = once(oldest!, 'close');
    const others = await slowClients(port, 3, '');
    await gone;
    expect(others.filter(({ destroyed }) => destroyed)).toEqual([]);
    expect(await normal(url)).toBe(200);
  });
});
