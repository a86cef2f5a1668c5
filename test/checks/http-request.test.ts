import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { lookup } from 'node:dns';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ask, type HttpRequest } from '../../src/checks/http-request.js';
import { server, web } from './house.js';

const request = (url: string, more: Partial<HttpRequest> = {}) =>
  ask(
    {
      ...{ url: new URL(url), method: 'GET', headers: {}, body: undefined, address: undefined, tls: {} },
      ...{ maxBytes: 4, ...more },
    },
    new AbortController().signal,
    lookup,
  );
/** Starts a server that answers with a function, and returns its address and the end of its first connection. */
async function answering(answer: (response: ServerResponse) => void) {
  let closed: () => void;
  const hungUp = new Promise<void>((resolve) => (closed = resolve));
  const url = await web((_request, response) => {
    response.once('close', closed);
    answer(response);
  });
  return { url, hungUp };
}

describe('the body of a request', () => {
  it.each(['GET', 'DELETE', 'POST'])(
    'is received by the server with its length in bytes: %s',
    async (method) => {
      const url = await web((incoming, response) => {
        const { 'content-length': length = 'none' } = incoming.headers;
        incoming.setEncoding('utf8').once('data', (text) => response.end(`${length} ${text}`));
        incoming.once('end', () => response.end('none'));
      });
      const { body } = await request(url, { method, body: 'né', maxBytes: 100 });
      expect(body.toString()).toBe('3 né');
    },
  );
});

describe('the body of an answer', () => {
  it.each([
    ['abc', 'abc', undefined],
    ['abcd', 'abcd', undefined],
    ['abcde', 'abcd', 'its body has more than 4 bytes'],
  ])('%j is read as %j of at most 4 bytes', async (sent, read, partial) => {
    const { url } = await answering((response) => response.end(sent));
    const { body, ...answer } = await request(url);
    expect([body.toString(), answer.partial, answer.status]).toEqual([read, partial, 200]);
  });

  it('is known to be longer than the limit if its next byte arrives later', async () => {
    const { url } = await answering((response) => {
      response.write('abcd', () => setTimeout(() => response.end('e'), 20));
    });
    expect(await request(url)).toMatchObject({ partial: 'its body has more than 4 bytes' });
  });

  it.each([
    ['plain', {}, Buffer.from('abcde')],
    ['compressed', { 'content-encoding': 'gzip' }, gzipSync('abcde')],
  ])('is not read on after the limit, and the connection is closed: %s', async (_what, headers, data) => {
    const { url, hungUp } = await answering((response) => response.writeHead(200, headers).write(data));
    expect((await request(url)).body.toString()).toBe('abcd');
    await hungUp;
  });
});

describe('the answer of a WebSocket', () => {
  it('has no body, and its connection is closed', async () => {
    let closed: Promise<unknown> | undefined;
    const port = await server((socket) => {
      closed = once(socket, 'close');
      socket
        .resume()
        .write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    });
    const headers = { connection: 'Upgrade', upgrade: 'websocket' };
    const answer = await request(`http://127.0.0.1:${port}`, { headers });
    expect(answer).toMatchObject({ status: 101, headers: { upgrade: 'websocket' }, partial: undefined });
    expect(answer.body).toHaveLength(0);
    await closed;
  });
});
