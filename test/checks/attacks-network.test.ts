import dns from 'node:dns';
import { writeFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { http, tcp, tls } from '../../src/checks/index.js';
import { createHash } from 'node:crypto';
import { certificateFor } from './certificate.js';
import { certain, closedPort, folder, secureWeb, server, verdictOf, web } from './house.js';

const servers: Server[] = [];
afterAll(() => {
  for (const one of servers) one.close();
});
afterEach(() => void vi.restoreAllMocks());

/** Sets the result of name resolution for a test. */
const resolving = (answer: (done: (error: Error | null, addresses: unknown) => void) => void) =>
  vi
    .spyOn(dns, 'lookup')
    .mockImplementation(((_host: string, _options: object, done: (...given: never[]) => void) =>
      answer(done as never)) as never);

describe('a network check of an address', () => {
  const six = async (): Promise<number | undefined> => {
    const made = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
    servers.push(made);
    return new Promise((resolve) => {
      made.once('error', () => resolve(undefined));
      made.listen(0, '::1', () => resolve((made.address() as AddressInfo).port));
    });
  };

  it('reaches a server that listens on IPv6 only, by number and by name', async () => {
    const port = await six();
    // A machine without IPv6 has no such server.
    if (port === undefined) return;
    expect(await verdictOf(http({ url: `http://[::1]:${port}/` }))).toMatchObject({ status: 'ok' });
    expect(await verdictOf(tcp({ host: '::1', port }))).toMatchObject({ status: 'ok' });
    resolving((done) =>
      done(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ]),
    );
    expect(await verdictOf(http({ url: `http://both.test:${port}/` }))).toMatchObject({ status: 'ok' });
    expect(tls({ host: '::1' }).name).toBe('tls:[::1]:443');
  });

  it('reaches a name if one of its addresses is dead and another one works', async () => {
    const port = await server((socket) => socket.end('hello\n'));
    resolving((done) =>
      done(null, [
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]),
    );
    const check = tcp({ host: 'both.test', port, expect: 'hello' });
    expect(await certain(check)).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['http', () => http({ url: 'http://slow.test/', timeoutMs: 40 })],
    ['tcp', () => tcp({ host: 'slow.test', port: 80, timeoutMs: 40 })],
    ['tls', () => tls({ host: 'slow.test', timeoutMs: 40 })],
  ])('is unknown if the name server does not answer in time: %s', async (_, make) => {
    resolving(() => undefined);
    expect(await verdictOf(make())).toMatchObject({
      status: 'unknown',
      reason: expect.stringMatching(/not resolved in time/) as string,
    });
  });
});

describe('a check of redirects', () => {
  it.each([
    ['in a loop', '/', 'redirects more than 3 times'],
    ['to no address', 'http://', 'which is no address'],
    ['to another protocol', 'ftp://127.0.0.1/', 'redirects to ftp:'],
  ])('%s are bad', async (_what, location, reason) => {
    const url = await web((_request, response) => response.writeHead(302, { location }).end());
    expect(await verdictOf(http({ url, followRedirects: 3 }))).toMatchObject({
      status: 'bad',
      reason: expect.stringContaining(reason) as string,
    });
  });
});

describe('the body of an HTTP answer', () => {
  const page = JSON.stringify({ status: 'up', text: 'Welcome' });
  const encodings = {
    gzip: gzipSync(page),
    'x-gzip': gzipSync(page),
    deflate: deflateSync(page),
    br: brotliCompressSync(page),
  };
  const sha256 = createHash('sha256').update(page).digest('hex');
  const wanted = { contains: 'Welcome', json: { status: 'up' }, sha256 };

  it.each(Object.entries(encodings))('is read if compressed by %s', async (encoding, body) => {
    const headers = { 'content-encoding': encoding, 'content-length': body.length };
    const url = await web((request, response) =>
      response.writeHead(200, headers).end(request.method === 'HEAD' ? '' : body),
    );
    expect(await verdictOf(http({ url, ...wanted }))).toMatchObject({ status: 'ok' });
    expect(await verdictOf(http({ url, method: 'HEAD' }))).toMatchObject({ status: 'ok' });
  });

  it('is bad if it is not compressed as its header says, and unknown with an unknown encoding', async () => {
    const as = (encoding: string, body: string | Buffer) =>
      web((_request, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body));
    expect(await verdictOf(http({ url: await as('gzip', page), contains: 'Welcome' }))).toMatchObject({
      status: 'bad',
      reason: expect.stringContaining('not compressed as its header says') as string,
    });
    const cut = encodings.gzip.subarray(0, 20);
    expect(await verdictOf(http({ url: await as('gzip', cut) }))).toMatchObject({ status: 'bad' });
    const strange = await as('strange', 'x');
    expect(await verdictOf(http({ url: strange, contains: 'Welcome' }))).toMatchObject({ status: 'unknown' });
    expect(await verdictOf(http({ url: strange }))).toMatchObject({ status: 'ok' });
    const empty = await web((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 0 }).end(),
    );
    expect(await verdictOf(http({ url: empty }))).toMatchObject({ status: 'ok' });
  });

  it('is unknown if it exceeds the read limit and the rest could matter, and never fills the memory', async () => {
    const more = `${page}${' '.repeat(100_000)}`;
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const url = await web((request, response) => {
      if (request.url === '/bomb') response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
      else response.end(more);
    });
    const judge = async (options: object) =>
      (await verdictOf(http({ url, maxBytes: 1_000, ...options }))).status;
    expect(await judge({ contains: 'Welcome' })).toBe('ok');
    expect(await judge({ contains: 'the end' })).toBe('unknown');
    expect(await judge({ lacks: 'Welcome' })).toBe('bad');
    expect(await judge({ sha256: '0'.repeat(64) })).toBe('unknown');
    expect(await judge({ maxBytes: page.length, json: { status: 'up' } })).toBe('ok');
    expect(await judge({ maxBytes: page.length - 1, json: { status: 'up' } })).toBe('unknown');
    expect(await judge({ url: `${url}/bomb`, contains: 'x' })).toBe('unknown');
    expect(await judge({ url: `${url}/bomb` })).toBe('ok');
  });

  it('is bad at the time limit if it arrives byte by byte without end', async () => {
    const url = await web((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      const timer = setInterval(() => response.write('.'), 5);
      response.once('close', () => clearInterval(timer));
    });
    expect(await certain(http({ url, timeoutMs: 60 }))).toMatchObject({ status: 'bad' });
    const port = await server((socket) => {
      const timer = setInterval(() => socket.write('.'), 5);
      socket.once('close', () => clearInterval(timer));
    });
    expect(await certain(tcp({ port, expect: 'ready', timeoutMs: 60 }))).toMatchObject({ status: 'bad' });
    expect(await certain(tcp({ port, ready: 'smtp', timeoutMs: 60 }))).toMatchObject({ status: 'bad' });
  });

  it('is bad if it ends early, and is read if its connection stays half open', async () => {
    const cut = await server((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort'));
    expect(await verdictOf(http({ url: `http://127.0.0.1:${cut}/` }))).toMatchObject({ status: 'bad' });
    const half = await server(
      (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    );
    expect(await verdictOf(http({ url: `http://127.0.0.1:${half}/`, contains: 'ok' }))).toMatchObject({
      status: 'ok',
    });
    const old = await server((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nok'));
    expect(await verdictOf(http({ url: `http://127.0.0.1:${old}/`, contains: 'ok' }))).toMatchObject({
      status: 'ok',
    });
  });
});

describe('an answer of an HTTP server', () => {
  it('may be that of a WebSocket, with its status and headers', async () => {
    const port = await server((socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'),
      ),
    );
    const headers = {
      ...{ connection: 'Upgrade', upgrade: 'websocket' },
      ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
    };
    const url = `http://127.0.0.1:${port}/`;
    const socket = http({ url, headers, status: 101, responseHeaders: { upgrade: '^websocket$' } });
    expect(await verdictOf(socket)).toMatchObject({ status: 'ok' });
    const plain = await web((_request, response) => response.end());
    expect(await verdictOf(http({ url: plain, headers, status: 101 }))).toMatchObject({ status: 'bad' });
  });

  it('is bad with more headers than the limit', async () => {
    const port = await server((socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`));
    expect(await verdictOf(http({ url: `http://127.0.0.1:${port}/` }))).toMatchObject({ status: 'bad' });
  });
});

describe('a TLS check by name (SNI)', () => {
  it('sends the name, and receives its certificate', async () => {
    const [shop, other] = ['shop.test', 'other.test'].map((name) => certificateFor(name, 90));
    const made = createHttps(
      {
        ...other,
        SNICallback: (name, done) => done(null, createSecureContext(name === 'shop.test' ? shop! : other!)),
      },
      (_request, response) => response.end('hello'),
    );
    servers.push(made);
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    const { port } = made.address() as AddressInfo;
    const caFile = join(folder(), 'ca.pem');
    writeFileSync(caFile, shop!.cert + other!.cert);
    const judge = async (serverName: string) => {
      const trust = { serverName, caFile };
      const all = [
        tls({ host: '127.0.0.1', port, ...trust }),
        http({ url: `https://127.0.0.1:${port}/`, tls: trust }),
        tcp({ port, tls: trust }),
      ];
      return Promise.all(all.map(async (check) => (await verdictOf(check)).status));
    };
    expect(await judge('shop.test')).toEqual(['ok', 'ok', 'ok']);
    expect(await judge('other.test')).toEqual(['ok', 'ok', 'ok']);
    expect(await judge('third.test')).toEqual(['bad', 'bad', 'bad']);
    const byName = http({ url: `https://shop.test:${port}/`, address: '127.0.0.1', tls: { caFile } });
    expect(await verdictOf(byName)).toMatchObject({ status: 'ok' });
  });

  it('accepts a certificate that is itself in the file of trusted certificates', async () => {
    const keys = certificateFor('localhost', 90);
    const port = await secureWeb(keys, (_request, response) => response.end());
    const caFile = join(folder(), 'pinned.pem');
    writeFileSync(caFile, keys.cert);
    expect(await verdictOf(tls({ host: 'localhost', port, caFile }))).toMatchObject({ status: 'ok' });
  });
});

describe('a check that a port is closed', () => {
  it('is ok when it refuses, and bad when it accepts', async () => {
    const port = await server(() => undefined);
    expect(await verdictOf(tcp({ port, listening: false }))).toMatchObject({
      status: 'bad',
      reason: `tcp:127.0.0.1:${port} accepts connections`,
    });
    const closed = await closedPort();
    expect(await verdictOf(tcp({ port: closed, listening: false }))).toMatchObject({ status: 'ok' });
    resolving((done) => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), undefined));
    const nowhere = tcp({ host: 'no.test', port, listening: false });
    expect(await verdictOf(nowhere)).toMatchObject({ status: 'unknown' });
  });

  it('sends nothing to the port', () => {
    expect(() => tcp({ port: 1, listening: false, ready: 'redis' })).toThrow(
      'Expected `tcp.ready` to be left out with `listening: false`, got `"redis"` (string)',
    );
  });
});
