import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable, Transform } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { WrongAnswer } from './failure.js';

/** Request to a server. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Address that is connected to instead of that of the name. */
  readonly address: string | undefined;
  readonly tls: ConnectionOptions;
  readonly maxBytes: number;
}

/** Answer of a server. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** At most `maxBytes` of it, decompressed. */
  readonly body: Buffer;
  /** Why the body is not all of what the server sent; `undefined` when it is. */
  readonly partial: string | undefined;
}

/** Sends one request over a new connection: a kept one would not prove that the server accepts connections. */
export async function ask(
  request: HttpRequest,
  signal: AbortSignal,
  lookup: LookupFunction,
): Promise<HttpAnswer> {
  const { url, method, headers, body, address, tls } = request;
  const secure = url.protocol === 'https:';
  const { request: begin } = secure ? await import('node:https') : await import('node:http');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const options: RequestOptions = {
    ...{ host: address ?? host, path: `${url.pathname}${url.search}`, method, signal, agent: false, lookup },
    ...(url.port === '' ? {} : { port: url.port }),
    headers: {
      ...{ host: url.host, 'user-agent': 'luminous-healing', accept: '*/*', connection: 'close' },
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    },
    ...(secure ? tls : {}),
  };
  return new Promise((resolve, reject) => {
    const outgoing = begin(
      options,
      (incoming) => void readAll(incoming, method, request.maxBytes).then(resolve, reject),
    );
    // A WebSocket: its answer has no body.
    outgoing.once('upgrade', ({ statusCode = 101, headers: answered }, socket) => {
      socket.destroy();
      resolve({ status: statusCode, headers: answered, body: Buffer.alloc(0), partial: undefined });
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

async function readAll(incoming: IncomingMessage, method: string, maxBytes: number): Promise<HttpAnswer> {
  const { statusCode: status = 0, headers } = incoming;
  const { stream, unknown } = await decoded(incoming, method);
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      parts.push(part);
      length += part.length;
      if (length > maxBytes) break;
    }
  } catch (error) {
    throw failureOfBody(error);
  } finally {
    incoming.destroy();
  }
  const partial = unknown ?? (length > maxBytes ? `its body has more than ${maxBytes} bytes` : undefined);
  return { status, headers, body: Buffer.concat(parts).subarray(0, maxBytes), partial };
}

/** Decompresses a body: no compression is asked for, and some servers compress all the same. */
async function decoded(
  incoming: IncomingMessage,
  method: string,
): Promise<{ readonly stream: Readable; readonly unknown?: string }> {
  const { 'content-encoding': encoding = 'identity', 'content-length': length } = incoming.headers;
  const { statusCode = 0 } = incoming;
  const empty = method === 'HEAD' || length === '0' || statusCode === 204 || statusCode === 304;
  const words = encoding.toLowerCase().trim();
  if (empty || words === 'identity' || words === '') return { stream: incoming };
  const decoder = await decoderOf(words);
  if (decoder === undefined) return { stream: incoming, unknown: `its body is encoded as ${words}` };
  incoming.once('error', (error) => decoder.destroy(error));
  return { stream: incoming.pipe(decoder) };
}

/** Returns the error of a body that is read: one that is not compressed as its header says is a wrong answer. */
export function failureOfBody(error: unknown): unknown {
  const { code = '' } = error as { code?: unknown };
  return typeof code === 'string' && /^Z_|^ERR_(BROTLI|_)/.test(code)
    ? new WrongAnswer(`has a body that is not compressed as its header says (${code})`)
    : error;
}

async function decoderOf(encoding: string): Promise<Transform | undefined> {
  const { createBrotliDecompress, createGunzip, createInflate } = await import('node:zlib');
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  return undefined;
}
