import type { IncomingMessage, ServerResponse } from 'node:http';
import { printableJson } from '../../base/printable.js';
import type { Handler } from './http-server.js';

/** An answer to a request. */
export interface Answer {
  readonly status: number;
  /** The content type. */
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** For every answer: it is fresh, it is what it says, and no foreign page may show it or learn from it. */
const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** Sends an answer; to a HEAD request without its body. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, type, body, headers } = answer;
  const length = String(typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength);
  response.writeHead(status, { ...HEADERS, 'content-type': type, 'content-length': length, ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

export const text = (status: number, body: string, headers?: Answer['headers']): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
  ...(headers ? { headers } : {}),
});

export const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: `${printableJson(value)}\n`,
});

/** Makes a handler that answers 500, and never throws, when the work goes wrong. */
export function safely(
  work: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Handler {
  return (request, response) => {
    void (async () => {
      try {
        await work(request, response);
      } catch {
        // Why it went wrong is nobody's business on the other side.
        if (response.headersSent) response.destroy();
        else send(request, response, text(500, 'The answer could not be made'));
      }
    })();
  };
}

const withoutQuery = (url: string): string => url.split(/[?#]/, 1)[0]!;

/** The path that was asked for, where frameworks that strip the prefix of a mounted handler keep the whole. */
export const wholePath = (request: IncomingMessage & { readonly originalUrl?: string }): string =>
  withoutQuery(request.originalUrl ?? request.url ?? '/');

/** The path that was asked for, without the prefix that a handler is mounted under; `undefined` outside of it. */
export function pathOf({ url = '/' }: IncomingMessage, prefix = ''): string | undefined {
  const path = withoutQuery(url);
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length);
  return rest === '' ? '' : rest.startsWith('/') ? rest : undefined;
}
