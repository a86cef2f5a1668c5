import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

/** What is asked of a server. */
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

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** At most `maxBytes` of it. */
  readonly body: Buffer;
}

/** Asks once, with a connection of its own: one that was kept open tells nothing about accepting. */
export async function ask(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const { url, method, headers, body, address, tls } = request;
  const secure = url.protocol === 'https:';
  const { request: begin } = secure ? await import('node:https') : await import('node:http');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const options: RequestOptions = {
    ...{ host: address ?? host, path: `${url.pathname}${url.search}`, method, signal, agent: false },
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
      (incoming) => void readAll(incoming, request.maxBytes).then(resolve, reject),
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

async function readAll(incoming: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length >= maxBytes) break;
  }
  incoming.destroy();
  const body = Buffer.concat(parts).subarray(0, maxBytes);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body };
}
