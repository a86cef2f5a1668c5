import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { http, tcp, tls, unixSocket, type HttpOptions } from '../../src/checks/index.js';
import { verdictOfFailure } from '../../src/checks/failure.js';
import { TimeLimit, withinLimit } from '../../src/checks/deadline.js';
import { connected } from '../../src/checks/socket.js';
import { certificateFor } from './certificate.js';
import { certain, closedPort, folder, secureWeb, server, verdictOf, web } from './house.js';

const json = JSON.stringify({ status: 'up', queue: { length: 7 }, list: [{ a: null }] });
const site = await web((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://x');
  if (pathname === '/bad') response.statusCode = 502;
  if (pathname === '/moved') response.writeHead(301, { location: '/json' });
  if (pathname === '/loop') response.writeHead(302, { location: '/loop' });
  if (pathname === '/away') response.writeHead(302, { location: 'file:///etc/passwd' });
  if (pathname === '/silent') return;
  if (pathname === '/hang-up') return void request.socket.destroy();
  if (pathname === '/post' && request.method !== 'POST') response.statusCode = 405;
  if (pathname === '/private' && request.headers.authorization !== 'Basic bWU6c2VzYW1l')
    response.statusCode = 401;
  if (pathname === '/token' && request.headers.authorization !== 'Bearer sesame') response.statusCode = 401;
  if (pathname === '/host' && request.headers.host !== 'shop.example') response.statusCode = 404;
  if (!response.headersSent) response.setHeader('content-type', 'application/json');
  response.end(pathname === '/json' ? json : 'Welcome to the shop');
});
const secretFile = join(folder(), 'secret');
writeFileSync(secretFile, 'sesame\n');

describe('the check http', () => {
  it.each<[string, string, Omit<HttpOptions, 'url'>]>([
    ['an answer', '/', {}],
    ['a redirect, which is an answer', '/moved', { redirectsTo: '/json', status: 301 }],
    ['what it redirects to', '/moved', { followRedirects: 1, contains: '"up"' }],
    ['an expected status', '/bad', { status: [500, 502] }],
    ['its content', '/', { contains: ['Welcome', 'shop'], lacks: 'Error', matches: '^Welcome .* shop$' }],
    ['its content by a RegExp', '/', { matches: /welcome/gi }],
    ['values in JSON', '/json', { json: { status: 'up', 'queue.length': { max: 7 }, 'list[0].a': null } }],
    ['a header', '/', { responseHeaders: { 'Content-Type': '^application/json' } }],
    ['a method', '/post', { method: 'POST', body: 'x' }],
    ['a password from a file', '/private', { auth: { user: 'me', password: { file: secretFile } } }],
    ['a token from a file', '/token', { auth: { token: { file: secretFile } } }],
    ['another name', '/host', { headers: { Host: 'shop.example' } }],
    ['the digest of its body', '/', { sha256: '8F6E4CC1F0F8E0C2'.padEnd(64, '0'), status: 200 }],
  ])('is ok with %s', async (what, path, options) => {
    const verdict = await verdictOf(http({ url: `${site}${path}`, ...options }));
    if (what.startsWith('the digest')) expect(verdict.reason).toContain('has a body with the SHA-256');
    else expect(verdict).toMatchObject({ status: 'ok', value: expect.any(Number) as number });
  });

  it.each<[string, string, Omit<HttpOptions, 'url'>, string]>([
    ['a status of 502', '/bad', {}, 'answers with 502'],
    ['another status', '/', { status: 204 }, 'answers with 200, expected 204'],
    ['content that is missing', '/', { contains: 'Checkout' }, 'lacks "Checkout" in its body'],
    ['content that must not be there', '/', { lacks: 'shop' }, 'has "shop" in its body'],
    ['another value in JSON', '/json', { json: { status: 'down' } }, 'has "up" at status, expected "down"'],
    [
      'a number over its bound',
      '/json',
      { json: { 'queue.length': { max: 6 } } },
      'has 7 at queue.length, over 6',
    ],
    ['a value that is missing', '/json', { json: { 'a.b': 1 } }, 'has nothing at a.b, expected 1'],
    ['what is no JSON', '/', { json: { status: 'up' } }, 'did not answer with JSON'],
    ['another redirect', '/moved', { redirectsTo: '/x' }, 'redirects to /json, expected /x'],
    ['redirects without end', '/loop', { followRedirects: 3 }, 'redirects more than 3 times'],
    ['a redirect to a file', '/away', { followRedirects: 3 }, 'redirects to file:'],
    ['a header that is missing', '/', { responseHeaders: { 'X-Shop': '.' } }, 'has no header X-Shop'],
    ['no right to ask', '/private', {}, 'answers with 401'],
    ['a connection that is closed', '/hang-up', {}, 'closed the connection without an answer'],
    ['silence', '/silent', { timeoutMs: 60 }, 'did not answer within 60 ms'],
  ])('is bad with %s', async (_what, path, options, reason) => {
    const verdict = await certain(http({ url: `${site}${path}`, ...options }));
    expect([verdict.status, verdict.reason]).toEqual(['bad', expect.stringContaining(reason)]);
  });

  it('is bad if the answer takes longer than allowed', async () => {
    const slow = await web((_request, response) => void setTimeout(() => response.end('x'), 30));
    expect(await verdictOf(http({ url: slow, maxMs: 5 }))).toMatchObject({ status: 'bad', threshold: 5 });
  });

  it('has the time until the answer as its value, in milliseconds', async () => {
    const start = performance.now();
    const { value } = await verdictOf(http({ url: site }));
    expect(value).toBeLessThanOrEqual(performance.now() - start);
    expect(value).toBeGreaterThan(0);
  });

  it('reads 1 MiB of a body by default: what is missing there may follow', async () => {
    const big = await web((_request, response) => response.end(`${'a'.repeat(2 ** 20)}b`));
    const rest = 'its body has more than 1048576 bytes';
    expect(await verdictOf(http({ url: big, contains: 'b' }))).toMatchObject({
      ...{ status: 'unknown', reason: expect.stringContaining(rest) as string },
    });
    expect(await verdictOf(http({ url: big, contains: 'b', maxBytes: 2 ** 20 + 1 }))).toMatchObject({
      status: 'ok',
    });
  });

  it('uses `address` for the host of its URL only, also after a redirect', async () => {
    const other = new URL(await web((_request, response) => response.end('x')));
    const moving = new URL(
      await web((request, response) => {
        const location = request.url === '/here' ? '/there' : `http://127.0.0.2:${other.port}/`;
        if (request.url !== '/there') response.writeHead(302, { location });
        response.end('x');
      }),
    );
    const asked = (path: string) =>
      verdictOf(
        http({ url: `http://shop.invalid:${moving.port}${path}`, address: '127.0.0.1', followRedirects: 1 }),
      );
    expect(await asked('/here')).toMatchObject({ status: 'ok' });
    // Nothing listens on 127.0.0.2.
    expect(await asked('/away')).toMatchObject({
      ...{ status: 'bad', reason: expect.stringContaining('refused the connection') as string },
    });
  });

  it('is bad if the connection breaks within a body that is compressed', async () => {
    const broken = await web((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 1_000 });
      response.write(gzipSync('x'), () => response.destroy());
    });
    expect(await verdictOf(http({ url: broken, contains: 'y', timeoutMs: 60_000 }))).toMatchObject({
      ...{ status: 'bad', reason: expect.stringContaining('closed the connection') as string },
    });
  });

  it('is bad without a server, and with another one', async () => {
    const closed = await verdictOf(http({ url: `http://127.0.0.1:${await closedPort()}` }));
    expect(closed).toMatchObject({
      status: 'bad',
      reason: expect.stringContaining('refused the connection') as string,
    });
    const other = await server((socket) => socket.end('SSH-2.0-x\r\n'));
    expect(await verdictOf(http({ url: `http://127.0.0.1:${other}` }))).toMatchObject({
      status: 'bad',
      reason: expect.stringContaining('does not speak HTTP') as string,
    });
  });

  it('is unknown if a name is not resolved, or a secret cannot be read', async () => {
    const lost = await verdictOf(http({ url: 'http://nobody.invalid/' }));
    expect(lost).toMatchObject({ status: 'unknown' });
    expect(lost.reason).toMatch(/cannot be resolved/);
    const check = http({ url: site, auth: { token: { file: '/nowhere/token' } } });
    expect(await verdictOf(check)).toMatchObject({ status: 'unknown' });
  });

  it('shows no secret in a verdict, a name or a component', async () => {
    const check = http({ url: `${site}/token?key=topsecret`, auth: { token: 'hunter2' } });
    expect(JSON.stringify([await verdictOf(check), check])).not.toMatch(/hunter2|topsecret/);
  });

  it('trusts the given certificates', async () => {
    const keys = certificateFor('localhost', 30);
    const port = await secureWeb(keys, (_request, response) => response.end('x'));
    const url = `https://localhost:${port}`;
    expect(await verdictOf(http({ url }))).toMatchObject({
      status: 'bad',
      reason: expect.stringContaining('signed itself') as string,
    });
    const caFile = join(folder(), 'ca.pem');
    writeFileSync(caFile, keys.cert);
    expect(await verdictOf(http({ url, tls: { caFile } }))).toMatchObject({ status: 'ok' });
    expect(await verdictOf(http({ url, tls: { insecure: true } }))).toMatchObject({ status: 'ok' });
    const expired = await secureWeb(certificateFor('localhost', -3), (_request, response) =>
      response.end('x'),
    );
    expect(await verdictOf(http({ url: `https://localhost:${expired}` }))).toMatchObject({ status: 'bad' });
  });
});

describe('the check tcp', () => {
  const answers = (greeting: string, answer = '') =>
    server((socket) => {
      socket.write(greeting);
      socket.on('data', () => socket.write(answer));
    });

  it('is ok if a connection is accepted, and bad if it is refused', async () => {
    expect(await verdictOf(tcp({ port: await answers('') }))).toMatchObject({ status: 'ok' });
    expect(await verdictOf(tcp({ port: await closedPort() }))).toMatchObject({ status: 'bad' });
  });

  it('has the time until the answer as its value, in milliseconds', async () => {
    const port = await answers('');
    const start = performance.now();
    const { value } = await verdictOf(tcp({ port }));
    expect(value).toBeLessThanOrEqual(performance.now() - start);
  });

  it('has a connection that can be closed before it is open', async () => {
    const made = connect({ host: '127.0.0.1', port: await answers('') });
    const opened = connected(made, 'connect');
    expect(made.connecting).toBe(true);
    await opened;
    expect(made.connecting).toBe(false);
    made.destroy();
  });

  it('sends and receives several times', async () => {
    const port = await server((socket) => {
      socket.write('hello\n');
      socket.on('data', (data) => socket.write(`you said ${data.toString()}`));
    });
    const options = {
      port,
      expect: 'hello',
      then: [
        { send: 'one\n', expect: 'said one' },
        { send: 'two\n', matches: 'two$' },
      ],
    };
    expect(await verdictOf(tcp({ ...options, then: options.then.slice(0, 1) }))).toMatchObject({
      status: 'ok',
    });
    const wrong = tcp({ port, expect: 'hello', then: [{ send: 'one\n', expect: 'three' }] });
    expect(await verdictOf(wrong)).toMatchObject({
      status: 'bad',
      reason: expect.stringContaining('answered "you said one"') as string,
    });
  });

  it.each([
    ['redis', '', '+PONG\r\n', 'ok'],
    ['redis', '', '-NOAUTH Authentication required.\r\n', 'ok'],
    ['redis', '', '-LOADING Redis is loading the dataset in memory\r\n', 'unknown'],
    ['redis', '', '-MISCONF Redis is configured to save RDB snapshots\r\n', 'bad'],
    ['postgres', '', 'R\0\0\0\x08\0\0\0\0', 'ok'],
    ['postgres', '', 'E\0\0\0\x24SFATAL\0C57P03\0Mthe system starts\0\0', 'unknown'],
    ['postgres', '', 'E\0\0\0\x24SFATAL\0C53300\0Mtoo many clients \0\0', 'bad'],
    ['postgres', '', 'E\0\0\0\x24SFATAL\0C28000\0Mno entry for host\0\0', 'ok'],
    ['smtp', '220-two lines\r\n220 mail ESMTP\r\n', '250-mail\r\n250 HELP\r\n', 'ok'],
    ['smtp', '421 too busy\r\n', '', 'bad'],
    ['mysql', '\x20\0\0\0\x0a8.0.36\0'.padEnd(40, 'x'), '', 'ok'],
    ['mysql', '\x17\0\0\0\xff\x10\x04Too many connections', '', 'bad'],
    ['ssh', 'SSH-2.0-OpenSSH_9.9\r\n', '', 'ok'],
    ['ftp', '220 ready\r\n', '', 'ok'],
    ['pop3', '+OK ready\r\n', '', 'ok'],
    ['imap', '* OK ready\r\n', '', 'ok'],
    ['imap', '* BYE too many\r\n', '', 'bad'],
    ['nntp', '200 ready\r\n', '', 'ok'],
    ['rsync', '@RSYNCD: 31.0\n', '', 'ok'],
    ['memcached', '', 'VERSION 1.6.38\r\n', 'ok'],
    ['clamav', '', 'PONG\n', 'ok'],
    ['spamassassin', '', 'SPAMD/1.5 0 PONG\r\n', 'ok'],
    ['sip', '', 'SIP/2.0 200 OK\r\n', 'ok'],
    ['sip', '', 'SIP/2.0 503 Service Unavailable\r\n', 'bad'],
    ['mqtt', '', ' \x02\0\0', 'ok'],
    ['mqtt', '', ' \x02\0\x03', 'bad'],
    ['dns', '', '\0\x0cLH\x81\x80\0\x01\0\0\0\0', 'ok'],
    ['dns', '', '\0\x0cLH\x81\x82\0\x01\0\0\0\0', 'bad'],
    ['ldap', '', '0\x0c\x02\x01\x01a\x07', 'ok'],
  ] as const)('sends the ping of %s: %j, %j is %s', async (ready, greeting, answer, status) => {
    const port = await server((socket) => {
      socket.write(Buffer.from(greeting, 'latin1'));
      socket.on('data', () => socket.write(Buffer.from(answer, 'latin1')));
    });
    const verdict = await verdictOf(tcp({ port, ready }));
    expect([verdict.status, verdict.reason]).toEqual([status, expect.any(String)]);
  });

  it('is bad with a server that accepts and sends nothing, hangs up, or sends something else', async () => {
    const silent = await server(() => undefined);
    expect(await certain(tcp({ port: silent, ready: 'redis', timeoutMs: 60 }))).toMatchObject({
      status: 'bad',
    });
    const rude = await server((socket) => socket.end());
    expect(await verdictOf(tcp({ port: rude, ready: 'ssh' }))).toMatchObject({ status: 'bad' });
    const other = await server((socket) => socket.end('HTTP/1.1 400\r\n\r\n'));
    for (const ready of ['redis', 'postgres', 'mysql', 'ssh', 'mqtt', 'ldap', 'dns'] as const)
      expect(await verdictOf(tcp({ port: other, ready })), ready).toMatchObject({ status: 'bad' });
  });

  it('is bad with a server whose answer never ends', async () => {
    const port = await server((socket) => void socket.write('x'.repeat(200_000)));
    expect(await verdictOf(tcp({ port, ready: 'ssh' }))).toMatchObject({ status: 'bad' });
  });
});

describe('the check unixSocket', () => {
  it('is ok when the socket answers, and bad when it is missing or has no server', async () => {
    const path = join(folder(), 'a.sock');
    expect(await verdictOf(unixSocket({ path }))).toMatchObject({ status: 'bad' });
    await server((socket) => socket.on('data', () => socket.write('+PONG\r\n')), path);
    expect(await verdictOf(unixSocket({ path, ready: 'redis' }))).toMatchObject({ status: 'ok' });
    writeFileSync(join(folder(), 'x'), '');
    const file = join(folder(), 'plain');
    writeFileSync(file, '');
    expect(await verdictOf(unixSocket({ path: file }))).toMatchObject({ status: 'bad' });
  });
});

describe('the check tls', () => {
  const serve = async (days: number, name = 'localhost') => {
    const keys = certificateFor(name, days);
    const caFile = join(folder(), 'ca.pem');
    writeFileSync(caFile, keys.cert);
    return { host: 'localhost', caFile, port: await secureWeb(keys, (_request, response) => response.end()) };
  };

  it.each([
    ['ok', 30.5, 'localhost', 'for 30 more days'],
    ['bad', 5.5, 'localhost', 'for 5 more days, under 14'],
    ['bad', -2.5, 'localhost', 'expired 3 days ago'],
    ['bad', 30, 'other.example', 'for another name'],
  ] as const)('is %s with a certificate for %d days for %s', async (status, days, name, reason) => {
    const verdict = await verdictOf(tls(await serve(days, name)));
    expect([verdict.status, verdict.reason]).toEqual([status, expect.stringContaining(reason)]);
  });

  it('trusts each certificate of its file: of two for one name the old and the renewed one', async () => {
    const [old, renewed, other] = [20.5, 60.5, 60.5].map((days) => certificateFor('localhost', days));
    const caFile = join(folder(), 'both.pem');
    writeFileSync(caFile, old!.cert + renewed!.cert);
    const judged = async (keys: typeof old) => {
      const port = await secureWeb(keys!, (_request, response) => response.end());
      const secure = http({ url: `https://localhost:${port}`, tls: { caFile } });
      const both = [await verdictOf(tls({ host: 'localhost', port, caFile })), await verdictOf(secure)];
      return both.map(({ status }) => status);
    };
    expect(await judged(old)).toEqual(['ok', 'ok']);
    expect(await judged(renewed)).toEqual(['ok', 'ok']);
    expect(await judged(other)).toEqual(['bad', 'bad']);
  });

  it('is bad with a certificate that is not for servers, and so are other checks over TLS', async () => {
    const keys = certificateFor('localhost', 90, { isForClients: true });
    const port = await secureWeb(keys, (_request, response) => response.end());
    const caFile = join(folder(), 'clients.pem');
    writeFileSync(caFile, keys.cert);
    const all = [
      tls({ host: 'localhost', port, caFile }),
      http({ url: `https://localhost:${port}`, tls: { caFile } }),
      tcp({ host: 'localhost', port, tls: { caFile } }),
    ];
    for (const check of all)
      expect(await verdictOf(check)).toMatchObject({
        ...{ status: 'bad', reason: `${check.name} has a certificate that is not for a server` },
      });
  });

  it('is bad with an authority that is not trusted, and without TLS', async () => {
    const { host, port } = await serve(30);
    expect(await verdictOf(tls({ host, port }))).toMatchObject({ status: 'bad' });
    const plain = await server((socket) => socket.on('data', () => socket.end('HTTP/1.1 400 no\r\n\r\n')));
    expect(await verdictOf(tls({ host, port: plain }))).toMatchObject({ status: 'bad' });
    expect(await verdictOf(tls({ host, port: await closedPort() }))).toMatchObject({
      ...{ status: 'bad', reason: expect.stringContaining('refused the connection') as string },
    });
  });
});

describe('a failed connection', () => {
  const of = (code: string) => Object.assign(new Error(code), { code });

  it.each([
    'ENOTFOUND',
    'EAI_AGAIN',
    'ENETUNREACH',
    'EHOSTUNREACH',
    'EMFILE',
    'ENFILE',
    'EACCES',
    'EPERM',
    'EWHATEVER',
  ])('%s is unknown, because it proves nothing about the server', (code) =>
    expect(verdictOfFailure('x', of(code)).status).toBe('unknown'),
  );

  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EAGAIN',
    'HPE_INVALID_CONSTANT',
    'CERT_HAS_EXPIRED',
  ])('%s is bad', (code) => expect(verdictOfFailure('x', of(code)).status).toBe('bad'));

  it('to several addresses is bad if one of them refused', () => {
    const both = (...codes: string[]) => verdictOfFailure('x', new AggregateError(codes.map(of))).status;
    expect(both('ENETUNREACH', 'ECONNREFUSED')).toBe('bad');
    expect(both('ENETUNREACH', 'ETIMEDOUT')).toBe('unknown');
  });

  it('comes at once if the check was already stopped', async () => {
    const stopped = new Error('stopped');
    const work = () => new Promise(() => undefined);
    await expect(withinLimit(60_000, AbortSignal.abort(stopped), work)).rejects.toBe(stopped);
  });

  it('by a time limit is bad only if this program was not late itself', async () => {
    expect(verdictOfFailure('x', new TimeLimit(50, true)).status).toBe('bad');
    const { signal } = new AbortController();
    const busy = withinLimit(50, signal, () => {
      setImmediate(() => {
        const until = performance.now() + 300;
        while (performance.now() < until);
      });
      return new Promise(() => undefined);
    });
    const error = await busy.catch((thrown: unknown) => thrown);
    expect(verdictOfFailure('x', error)).toMatchObject({
      status: 'unknown',
      reason: expect.stringContaining('too busy') as string,
    });
  });
});
