import { writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { http, tcp, tls, unixSocket, type HttpOptions } from '../../src/checks/index.js';
import { failureOfBody } from '../../src/checks/http-request.js';
import { tlsSettings } from '../../src/checks/trust.js';
import { WrongAnswer } from '../../src/checks/failure.js';
import { certificateFor } from './certificate.js';
import { folder, secureWeb, server, verdictOf, web } from './house.js';

/** Request that the server received. */
interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
const asked: Asked[] = [];
let other = '';
const body = 'Welcome to the shop';
const site = await web((request, response) => {
  const { method = '', url = '', headers } = request;
  let received = '';
  request.on('data', (data: Buffer) => (received += data.toString()));
  request.on('end', () => {
    asked.push({ method, url, headers, body: received });
    const [, kind = '', rest = ''] = /^\/(\w*)\/?(.*)$/.exec(url) ?? [];
    if (kind === 'status') response.writeHead(Number(rest)).end();
    else if (kind === 'to') response.writeHead(Number(rest.slice(0, 3)), { location: rest.slice(4) }).end();
    else if (kind === 'away') response.writeHead(302, { location: `${other}/away` }).end();
    else if (kind === 'bare') response.writeHead(302).end();
    else if (kind === 'json') response.end('{"queue":7}');
    else if (kind === 'deflate')
      response.writeHead(200, { 'content-encoding': ' Deflate ' }).end(deflateSync(body));
    else if (kind === 'empty') response.writeHead(Number(rest), { 'content-encoding': 'gzip' }).end();
    else if (kind === 'plain') response.writeHead(200, { 'content-encoding': 'identity' }).end(body);
    else if (kind === 'none') response.writeHead(200, { 'content-encoding': '' }).end(body);
    else response.writeHead(200, { 'x-shop': 'open', 'set-cookie': ['a=1', 'b=2'] }).end(body);
  });
});
const elsewhere: IncomingHttpHeaders[] = [];
other = (
  await web((request, response) => {
    elsewhere.push(request.headers);
    response.end(`over there: ${request.headers.host}`);
  })
).replace('127.0.0.1', 'localhost');
const host = new URL(site).host;

const judge = (path: string, options: Omit<HttpOptions, 'url'> = {}) => {
  asked.length = 0;
  elsewhere.length = 0;
  return verdictOf(http({ url: `${site}${path}`, ...options }));
};
const secretFile = join(folder(), 'secret');
writeFileSync(secretFile, 'sesame\n');

describe('the check http', () => {
  it.each<[string, Omit<HttpOptions, 'url'>, string, string]>([
    ['/', {}, 'ok', `http:${host} answers with 200`],
    ['/status/201', {}, 'ok', `http:${host}/status/201 answers with 201`],
    ['/status/304', {}, 'ok', 'answers with 304'],
    ['/status/399', {}, 'ok', 'answers with 399'],
    ['/status/400', {}, 'bad', 'answers with 400'],
    ['/status/503', { status: 503 }, 'ok', 'answers with 503'],
    ['/status/503', { status: [500, 502] }, 'bad', 'answers with 503, expected 500 or 502'],
    ['/status/204', { status: 204, followRedirects: 2 }, 'ok', 'answers with 204'],
    ['/', { responseHeaders: { 'X-Shop': '^open$' } }, 'ok', ''],
    ['/', { responseHeaders: { 'X-Shop': '^shut$' } }, 'bad', 'has another header X-Shop'],
    ['/', { responseHeaders: { 'X-Other': '.' } }, 'bad', 'has no header X-Other'],
    ['/', { responseHeaders: { 'Set-Cookie': 'b=2' } }, 'ok', ''],
    ['/to/302/x', { redirectsTo: 'x' }, 'ok', 'answers with 302'],
    ['/to/302/x', { redirectsTo: 'y' }, 'bad', 'redirects to x, expected y'],
    ['/', { redirectsTo: 'y' }, 'bad', 'redirects to nothing, expected y'],
    ['/bare', { followRedirects: 1 }, 'ok', 'answers with 302'],
    ['/to/300/x', { followRedirects: 1 }, 'ok', 'answers with 300'],
    ['/to/301//status/204', { followRedirects: 1 }, 'ok', 'answers with 204'],
    ['/to/303//status/204', { followRedirects: 1 }, 'ok', 'answers with 204'],
    ['/to/308//to/307//status/204', { followRedirects: 2 }, 'ok', 'answers with 204'],
    ['/to/308//to/307//status/204', { followRedirects: 1 }, 'bad', 'redirects more than 1 times'],
    ['/to/302/ftp:x', { followRedirects: 1 }, 'bad', 'redirects to ftp:'],
    ['/', { contains: 'Welcome', maxBytes: 7 }, 'ok', ''],
    ['/', { contains: 'shop', maxBytes: 18 }, 'unknown', 'its body has more than 18 bytes'],
    ['/', { contains: 'shop', maxBytes: 19 }, 'ok', ''],
    ['/', { contains: 'shopping', maxBytes: 19 }, 'bad', 'lacks "shopping" in its body'],
    ['/', { lacks: 'Welcome', maxBytes: 8 }, 'bad', 'has "Welcome" in its body'],
    ['/', { lacks: 'shop', maxBytes: 8 }, 'ok', ''],
    ['/json', { json: { queue: { max: 6 } } }, 'bad', 'has 7 at queue, over 6'],
    ['/', { json: {} }, 'bad', 'did not answer with JSON'],
    ['/', { sha256: createHash('sha256').update(body).digest('hex').toUpperCase() }, 'ok', ''],
    [
      '/',
      { sha256: '0'.repeat(64) },
      'bad',
      `has a body with the SHA-256 ${createHash('sha256').update(body).digest('hex').slice(0, 12)}…`,
    ],
    ['/deflate', { contains: 'shop' }, 'ok', ''],
    ['/empty/204', {}, 'ok', 'answers with 204'],
    ['/empty/304', {}, 'ok', 'answers with 304'],
    ['/empty/200', {}, 'bad', 'is not compressed as its header says'],
    ['/deflate', { method: 'HEAD' }, 'ok', 'answers with 200'],
    ['/plain', { contains: 'shop' }, 'ok', ''],
    ['/none', { contains: 'shop' }, 'ok', ''],
    ['/', { method: 'HEAD', contains: 'shop' }, 'bad', 'lacks "shop" in its body'],
  ])('judges %s with %o: %s, %s', async (path, options, status, reason) => {
    const verdict = await judge(path, options);
    expect([verdict.status, verdict.reason]).toEqual([status, expect.stringContaining(reason)]);
    expect(verdict.reason.startsWith(`http:${host}`)).toBe(true);
  });

  it('has the status of a wrong answer as its value, and the time of a right one', async () => {
    expect(await judge('/status/404')).toMatchObject({ value: 404 });
    expect(await judge('/')).toMatchObject({ threshold: 5_000, valueUnit: 'ms' });
    expect(await judge('/', { maxMs: 60_000 })).toMatchObject({ threshold: 60_000 });
    expect(await judge('/', { timeoutMs: 9_000 })).toMatchObject({ threshold: 9_000 });
    expect(http({ url: `${site}/` })).toMatchObject({ name: `http:${host}`, type: 'service', failAfter: 2 });
    expect(http({ url: `${site}/a?key=x` }).name).toBe(`http:${host}/a`);
  });

  it('asks for a page as a program does, over a new connection', async () => {
    await judge('/page?x=1&y=2');
    expect(asked).toEqual([
      {
        ...{ method: 'GET', url: '/page?x=1&y=2', body: '' },
        headers: { host, 'user-agent': 'luminous-healing', accept: '*/*', connection: 'close' },
      },
    ]);
  });

  it('sends the method, the headers, the body and who asks', async () => {
    const options: Omit<HttpOptions, 'url'> = {
      ...{
        method: 'PUT' as const,
        body: { file: secretFile },
        headers: { ACCEPT: 'text/html', 'X-Key': { file: secretFile } },
      },
      auth: { user: 'me', password: { file: secretFile } },
    };
    await judge('/', options);
    expect(asked).toMatchObject([
      {
        ...{ method: 'PUT', body: 'sesame' },
        headers: {
          ...{ 'content-length': '6', accept: 'text/html', 'x-key': 'sesame' },
          authorization: `Basic ${Buffer.from('me:sesame').toString('base64')}`,
        },
      },
    ]);
    await judge('/', { body: 'ä', method: 'POST', auth: { token: 'abc' } });
    expect(asked[0]).toMatchObject({
      body: 'ä',
      headers: { 'content-length': '2', authorization: 'Bearer abc' },
    });
  });

  it('connects to the given address, and asks for the name', async () => {
    const { port } = new URL(site);
    asked.length = 0;
    const check = http({ url: `http://shop.invalid:${port}/`, address: '127.0.0.1' });
    expect(await verdictOf(check)).toMatchObject({ status: 'ok' });
    expect(asked[0]?.headers.host).toBe(`shop.invalid:${port}`);
  });

  it.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [307, 'POST', 'POST', 'x'],
    [308, 'POST', 'POST', 'x'],
    [301, 'PUT', 'PUT', 'x'],
    [303, 'PUT', 'GET', ''],
  ] as const)('follows %d of a %s with a %s', async (status, method, next, sent) => {
    await judge(`/to/${status}//end`, { method, body: 'x', followRedirects: 1 });
    expect(asked.map((one) => [one.method, one.url, one.body])).toEqual([
      [method, `/to/${status}//end`, 'x'],
      [next, '/end', sent],
    ]);
  });

  it('proves who it is to the same server only', async () => {
    const headers = { cookie: 'id=1', 'x-own': 'yes' };
    await judge('/to/302//end', { headers, auth: { token: 'abc' }, followRedirects: 1 });
    expect(asked[1]?.headers).toMatchObject({ ...headers, authorization: 'Bearer abc' });
    const verdict = await judge('/away', {
      ...{ headers, auth: { token: 'abc' }, followRedirects: 1, contains: 'over there: localhost' },
    });
    expect(verdict.status).toBe('ok');
    expect(elsewhere[0]).toMatchObject({ 'x-own': 'yes' });
    expect(elsewhere[0]).not.toHaveProperty('authorization');
    expect(elsewhere[0]).not.toHaveProperty('cookie');
  });

  it('does not connect to the given address for another server', async () => {
    // Nothing listens there for the second one.
    const { port } = new URL(site);
    const check = http({
      ...{ url: `http://shop.invalid:${port}/away`, address: '127.0.0.1', followRedirects: 1 },
      contains: 'over there',
    });
    expect(await verdictOf(check)).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['Z_DATA_ERROR', true],
    ['ERR_BROTLI_DECODER_ERROR', true],
    ['ERR__ERROR_FORMAT_PADDING_1', true],
    ['ECONNRESET', false],
    [5, false],
    [undefined, false],
  ])('takes a body that fails with %s for one that is not compressed: %s', (code, isWrong) => {
    const error = Object.assign(new Error('x'), { code });
    const failure = failureOfBody(error);
    if (isWrong) expect(failure).toBeInstanceOf(WrongAnswer);
    else expect(failure).toBe(error);
  });

  it('is bad with a compressed body that is cut', async () => {
    const whole = gzipSync('Welcome'.repeat(50));
    const cut = await web((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(whole.subarray(0, 20)),
    );
    expect(await verdictOf(http({ url: cut }))).toMatchObject({
      ...{ status: 'bad', reason: expect.stringContaining('is not compressed as its header says') as string },
    });
  });
});

describe('a check of a socket', () => {
  const echo = (greeting = '') =>
    server((socket) => {
      if (greeting !== '') socket.write(greeting);
      socket.on('data', (data) => socket.write(`said ${data.toString()}`));
    });

  it('names the server, and has the time of its answer', async () => {
    const port = await echo('hello');
    const name = `tcp:127.0.0.1:${port}`;
    expect(tcp({ port })).toMatchObject({ name, type: 'service', failAfter: 2 });
    expect(tcp({ host: '::1', port: 5 }).name).toBe('tcp:[::1]:5');
    expect(await verdictOf(tcp({ port }))).toMatchObject({
      ...{ status: 'ok', reason: `${name} answers`, threshold: 5_000, valueUnit: 'ms' },
    });
    expect(await verdictOf(tcp({ port, maxMs: 60_000 }))).toMatchObject({ threshold: 60_000 });
    expect(await verdictOf(tcp({ port, timeoutMs: 9_000, listening: true }))).toMatchObject({
      threshold: 9_000,
    });
  });

  it.each<[object, string, string]>([
    [{ expect: 'hello' }, 'ok', 'answers'],
    [{ matches: '^hel+o' }, 'ok', 'answers'],
    [{ matches: /HELLO/i }, 'ok', 'answers'],
    [{ matches: 'bye' }, 'bad', 'answered "hello"'],
    [{ expect: 'hello', then: [{ send: 'one\n', expect: 'said one' }] }, 'ok', 'answers'],
    [{ expect: 'hello', then: [{ send: 'one\n', matches: 'two' }] }, 'bad', 'answered "said one"'],
    [{ expect: 'hello', then: [{ send: { file: secretFile }, expect: 'said sesame' }] }, 'ok', 'answers'],
    [
      {
        expect: 'hello',
        then: [
          { send: 'a\n', expect: 'said a' },
          { send: 'b\n', expect: 'b' },
        ],
      },
      'ok',
      '',
    ],
    [
      {
        expect: 'hello',
        then: [
          { send: 'a\n', expect: 'said a' },
          { send: 'b\n', expect: 'c' },
        ],
      },
      'bad',
      '',
    ],
    [{ ready: 'ssh' }, 'bad', 'answered "hello"'],
    [{ send: { file: '/nowhere/key' } }, 'unknown', 'the file of a secret cannot be read'],
  ])('talks: %o is %s', async (options, status, reason) => {
    const verdict = await verdictOf(tcp({ port: await echo('hello\n'), ...options }));
    expect([verdict.status, verdict.reason]).toEqual([status, expect.stringContaining(reason)]);
  });

  it('hangs up when it has its answer', async () => {
    let hungUp: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (hungUp = resolve));
    const port = await server((socket) => {
      socket.on('close', () => hungUp());
      socket.resume();
    });
    await verdictOf(tcp({ port }));
    expect(await ended.then(() => 'closed')).toBe('closed');
  });

  it('says that a Unix socket is not there, or answers', async () => {
    const path = join(folder(), 'a.sock');
    const check = unixSocket({ path, send: 'x\n', expect: 'said x' });
    expect(check).toMatchObject({ name: `unix:${path}`, type: 'service', failAfter: 2 });
    expect(await verdictOf(check)).toEqual({ status: 'bad', reason: `${path} is not there` });
    await server((socket) => socket.on('data', (data) => socket.write(`said ${data.toString()}`)), path);
    expect(await verdictOf(check)).toMatchObject({ status: 'ok', reason: `unix:${path} answers` });
    const plain = `${path}/x`;
    expect(await verdictOf(unixSocket({ path: plain }))).toMatchObject({ status: 'unknown' });
  });

  it('knows whether a port is closed, by its name', async () => {
    const port = await echo();
    const check = tcp({ host: '127.0.0.1', port, listening: false });
    expect(await verdictOf(check)).toEqual({
      status: 'bad',
      reason: `tcp:127.0.0.1:${port} accepts connections`,
    });
  });
});

describe('the check tls', () => {
  const serve = async (days: number, name = 'localhost') => {
    const keys = certificateFor(name, days);
    const caFile = join(folder(), 'ca.pem');
    writeFileSync(caFile, keys.cert);
    const port = await secureWeb(keys, (_request, response) => response.end('hello'));
    return { host: 'localhost', port, caFile };
  };

  it.each([
    [30.5, { minDays: 30 }, 'ok', 'has a certificate for 30 more days', 30],
    [30.5, { minDays: 31 }, 'bad', 'has a certificate for 30 more days, under 31', 31],
    [14.5, {}, 'ok', 'has a certificate for 14 more days', 14],
    [13.5, {}, 'bad', 'has a certificate for 13 more days, under 14', 14],
    [0.5, { minDays: 0 }, 'ok', 'has a certificate for 0 more days', 0],
    [-0.5, { minDays: 0, insecure: true }, 'bad', 'has a certificate that has expired 1 days ago', 0],
  ] as const)(
    'judges a certificate for %d days with %o: %s',
    async (days, options, status, reason, threshold) => {
      const target = await serve(days);
      expect(await verdictOf(tls({ ...target, ...options }))).toEqual({
        ...{ status, reason: `tls:localhost:${target.port} ${reason}`, value: Math.floor(days), threshold },
      });
    },
  );

  it('judges trust, unless any certificate is accepted', async () => {
    const { host: name, port } = await serve(90, 'shop.test');
    const judged = async (options: object) => verdictOf(tls({ host: name, port, ...options }));
    expect(await judged({})).toMatchObject({
      ...{ status: 'bad', reason: `tls:localhost:${port} has a certificate that signed itself` },
    });
    expect(await judged({ insecure: false })).toMatchObject({ status: 'bad' });
    expect(await judged({ insecure: true })).toMatchObject({ status: 'ok' });
    expect(await judged({ caFile: '/nowhere/ca.pem' })).toMatchObject({
      ...{
        status: 'unknown',
        reason: expect.stringContaining('the certificates in /nowhere/ca.pem') as string,
      },
    });
    expect(tls({ host: 'x' })).toMatchObject({ name: 'tls:x:443', type: 'service', failAfter: 2 });
  });

  it.each([
    [true, 'shop.test', { rejectUnauthorized: true, servername: 'shop.test' }],
    [{}, '127.0.0.1', { rejectUnauthorized: true, servername: '' }],
    [{ serverName: 'a.test' }, '127.0.0.1', { rejectUnauthorized: true, servername: 'a.test' }],
    [{ insecure: true }, 'shop.test', { rejectUnauthorized: false, servername: 'shop.test' }],
  ] as const)('turns %o for %s into settings of a connection', async (trust, name, settings) =>
    expect(await tlsSettings(trust, name)).toEqual(settings),
  );

  it('trusts what its file has', async () => {
    const caFile = join(folder(), 'ca.pem');
    writeFileSync(caFile, 'PEM');
    expect(await tlsSettings({ caFile }, 'x')).toMatchObject({ ca: 'PEM', allowPartialTrustChain: true });
  });

  it('talks over TLS on a port', async () => {
    const { port, caFile } = await serve(90);
    const trust = { serverName: 'localhost', caFile };
    const talk = { send: 'GET / HTTP/1.0\r\n\r\n', expect: 'hello' };
    expect(await verdictOf(tcp({ port, tls: trust, ...talk }))).toMatchObject({ status: 'ok' });
    expect(await verdictOf(tcp({ port, tls: true }))).toMatchObject({ status: 'bad' });
    expect(await verdictOf(tcp({ port, tls: { insecure: true } }))).toMatchObject({ status: 'ok' });
    expect(await verdictOf(tcp({ port, tls: false }))).toMatchObject({ status: 'ok' });
  });
});
