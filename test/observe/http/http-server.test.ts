import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listenError, isLoopback, urlOf } from '../../../src/observe/http/address.js';
import { pathOf, safely, send, text } from '../../../src/observe/http/answer.js';
import { HttpServer, type Handler } from '../../../src/observe/http/http-server.js';

const hello: Handler = (request, response) => send(request, response, text(200, 'hello'));
const servers: HttpServer[] = [];
const serverOf = (handler = hello, maxConnections?: number): HttpServer => {
  const defaults = { host: '127.0.0.1', port: 0 };
  const server = new HttpServer({ handler, defaults, maxConnections });
  servers.push(server);
  return server;
};
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

describe('an HTTP server', () => {
  it('returns the address that it listens on', async () => {
    const { host, port, url } = await serverOf().start();
    expect(host).toBe('127.0.0.1');
    expect(port).toBeGreaterThan(0);
    expect(await (await fetch(url)).text()).toBe('hello\n');
  });

  it('returns the same address when it is started again', async () => {
    const server = serverOf();
    const [first, second] = await Promise.all([server.start(), server.start()]);
    expect(second).toBe(first);
    expect(await server.start()).toBe(first);
  });

  it('may be stopped repeatedly, frees its port, and can be started again', async () => {
    const server = serverOf();
    await server.stop();
    const { port } = await server.start();
    await Promise.all([server.stop(), server.stop()]);
    const again = await server.start({ port });
    expect(again.port).toBe(port);
  });

  it('that is stopped while it starts does not run', async () => {
    const server = serverOf();
    const starting = server.start();
    await server.stop();
    const { url } = await starting;
    await expect(fetch(url)).rejects.toThrow();
  });

  it('closes its connections when it stops, including endless ones', async () => {
    const server = serverOf((_request, response) => void response.write('more to come'));
    const { url } = await server.start();
    const { body } = await fetch(url);
    const reader = body!.getReader();
    await reader.read();
    await server.stop();
    await expect(reader.read()).rejects.toThrow();
  });

  it('refuses connections above its limit', async () => {
    // The first bytes of a response show that the connection was accepted, and not only queued by the kernel.
    const server = serverOf((_request, response) => void response.write('begun'), 1);
    const { port } = await server.start();
    const sockets = [];
    // One, plus eight that are reserved for this machine.
    for (let n = 0; n < 9; n += 1) {
      const socket = connect(port, '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await once(socket, 'data');
      sockets.push(socket);
    }
    const last = connect(port, '127.0.0.1');
    let received = '';
    last.on('data', (bytes) => (received += String(bytes))).on('error', () => undefined);
    await once(last, 'close');
    expect(received).toBe('');
    for (const socket of sockets) socket.destroy();
  });

  it('reports in one sentence that a port is taken, and can be started on another one afterwards', async () => {
    const { port } = await serverOf().start();
    const server = serverOf();
    await expect(server.start({ port })).rejects.toMatchObject({
      code: 'cannot-listen',
      message: `Port ${port} of 127.0.0.1 is taken by another program: give another \`port\`, or 0 for any that is free`,
    });
    expect((await server.start({ port: 0 })).port).not.toBe(port);
  });

  it('refuses an invalid address', async () => {
    for (const port of [-1, 65_536, 1.5, NaN]) {
      await expect(serverOf().start({ port })).rejects.toThrow('Expected `port`');
    }
    await expect(serverOf().start({ port: '80' as unknown as number })).rejects.toThrow('got `"80"`');
    await expect(serverOf().start({ host: '' })).rejects.toThrow('Expected `host`');
    await expect(serverOf().start({ host: '192.0.2.1' })).rejects.toThrow('is no address of this machine');
    expect(() => serverOf(hello, 0)).toThrow('Expected `maxConnections`');
  });
});

describe('an HTTP answer', () => {
  it('to HEAD has the headers and no body', async () => {
    const { url } = await serverOf().start();
    const response = await fetch(url, { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('6');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toBe('');
  });

  it('is 500 without the reason if the handler throws', async () => {
    const { url } = await serverOf(
      safely(() => {
        throw new Error('secret');
      }),
    ).start();
    const response = await fetch(url);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });

  it('ends if the handler throws after the first part', async () => {
    const { url } = await serverOf(
      safely((_request, response) => {
        response.write('begun');
        throw new Error('secret');
      }),
    ).start();
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
  });
});

describe('the description of an address', () => {
  it.each([
    ['127.0.0.1', 80, 'http://127.0.0.1:80'],
    ['::1', 80, 'http://[::1]:80'],
    ['0.0.0.0', 80, 'http://localhost:80'],
    ['::', 80, 'http://localhost:80'],
  ])('of %s is %s', (host, port, url) => expect(urlOf(host, port)).toBe(url));

  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])('of %s is that of this machine only', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '192.168.1.2', '127.0.0.1.example.org'])(
    'of %s is not that of this machine only',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );

  it('keeps a text that it does not know', () => {
    expect(listenError(new Error('odd'), 'a', 1).message).toBe('Port 1 of a cannot be listened on: odd');
  });
});

describe('the path below a prefix', () => {
  const path = (url: string, prefix?: string): string | undefined => pathOf({ url } as never, prefix);
  it('is the remainder', () => {
    expect(path('/metrics?x=1')).toBe('/metrics');
    expect(path('/healing/metrics', '/healing')).toBe('/metrics');
    expect(path('/healing', '/healing')).toBe('');
    expect(path('/healing/', '/healing')).toBe('/');
  });
  it('does not exist outside of the prefix', () => {
    expect(path('/healings', '/healing')).toBeUndefined();
    expect(path('/', '/healing')).toBeUndefined();
  });
});
