import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { gzipSync } from 'node:zlib';
import { page, type PageFile } from 'dashboard:page';
import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import { json, pathOf, send, text, wholePath, type Answer } from '../http/answer.js';
import { clientOf } from '../http/hosts.js';
import { refusalOf, type Need } from './access.js';
import { Audience } from './audience.js';
import { control, isControl } from './controls.js';
import type { Rules } from './options.js';
import { viewOf } from './view/view-of.js';
import type { CapabilityView, History, View } from './view/view.js';

export interface SiteParts {
  readonly engine: SimplifiedHealingEngine;
  readonly rules: Rules;
  readonly history: () => History;
}

/** Allows nothing from other origins, nothing inline, and no markup from text. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const FILES: ReadonlyMap<string, PageFile> = new Map(page.files.map((file) => [`/${file.name}`, file]));

/** Time that an answer on the capabilities of the host is kept, in milliseconds. */
const CAPABILITIES_MS = 60_000;

/** Answers all requests of a dashboard. */
export class Site {
  readonly audience: Audience;
  readonly #parts: SiteParts;
  readonly #host = hostname();
  #told: { readonly at: number; readonly answer: Promise<readonly CapabilityView[]> } | undefined;

  constructor(parts: SiteParts) {
    this.#parts = parts;
    const { maxClients } = parts.rules;
    this.audience = new Audience({ view: () => this.#view(), history: parts.history, maxClients });
  }

  async answer(request: IncomingMessage, response: ServerResponse, prefix: string): Promise<void> {
    const path = pathOf(request, prefix);
    const answer = await this.#route(path, request, response);
    if (answer) send(request, response, answer);
  }

  async #route(
    path: string | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Answer | undefined> {
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    const word = /^\/api\/(\w+)$/.exec(path ?? '')?.[1] ?? '';
    const isOrder = isControl(word);
    const need: Need = isOrder ? 'control' : word === '' ? 'page' : 'read';
    const refusal = refusalOf(request, this.#parts.rules, need);
    if (refusal) return refused(need, refusal.status, refusal.error);
    if (isOrder) {
      if (request.method !== 'POST') return onlyBy('POST');
      const answer = await control(word, request, this.#parts.engine, clientOf(request, this.#parts.rules));
      this.audience.changed();
      return answer;
    }
    if (!isGet) return onlyBy('GET, HEAD');
    if (path === '' || (path === '/' && isWithoutSlash(request))) return withSlash(request);
    if (path === '/') return fileAnswer(page.index, 'no-store', request);
    if (word === 'view') return json(200, this.#view());
    if (word === 'capabilities') return json(200, await this.#capabilities());
    if (word === 'events') return this.#stream(request, response);
    const file = FILES.get(path ?? '');
    return file ? fileAnswer(file, 'public, max-age=31536000, immutable', request) : text(404, 'Not found');
  }

  #stream(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    if (request.method === 'HEAD') return onlyBy('GET');
    const { maxClients } = this.#parts.rules;
    if (this.audience.size >= maxClients) {
      const full = json(503, { error: `Too many open pages (limit ${maxClients})` });
      return { ...full, headers: { 'retry-after': '10' } };
    }
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      // A proxy that compresses would hold back events until it has enough of them.
      'cache-control': 'no-store, no-transform',
      'content-encoding': 'identity',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      // nginx would otherwise buffer the stream.
      'x-accel-buffering': 'no',
    });
    this.audience.admit(response);
    return undefined;
  }

  /** Every page asks for them when it is opened, so an answer is kept for a while. */
  #capabilities(): Promise<readonly CapabilityView[]> {
    const now = performance.now();
    if (this.#told === undefined || now - this.#told.at >= CAPABILITIES_MS)
      this.#told = { at: now, answer: this.#parts.engine.capabilities() };
    return this.#told.answer;
  }

  #view(): View {
    const { engine, rules } = this.#parts;
    return viewOf({
      status: engine.status(),
      explained: engine.explain(),
      metrics: engine.getMetrics(),
      host: this.#host,
      controls: rules.controls,
      // Where there is a token, the request has been checked for it.
      logs: rules.token !== undefined,
    });
  }
}

/**
 * Answers with a file of the page, compressed where the client takes gzip: once per file, a third of the bytes. The
 * events stay as they are, since proxies hold back what is compressed; `api/view` is for scripts on this machine.
 */
function fileAnswer({ name, type, body }: PageFile, caching: string, request: IncomingMessage): Answer {
  const headers = { 'cache-control': caching, 'content-security-policy': POLICY, vary: 'Accept-Encoding' };
  if (!acceptsGzip(request)) return { status: 200, type, body, headers };
  const packed = PACKED.get(name) ?? gzipSync(body, { level: 9 });
  PACKED.set(name, packed);
  return { status: 200, type, body: packed, headers: { ...headers, 'content-encoding': 'gzip' } };
}

/** Files of the page as they are sent with gzip, by name. */
const PACKED = new Map<string, Buffer>();

/** Returns whether a request names gzip among its encodings, and not with a weight of 0. */
const acceptsGzip = ({ headers }: IncomingMessage): boolean =>
  [headers['accept-encoding']]
    .flat()
    .join()
    .split(',')
    .some((one) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(one));

function refused(need: Need, status: number, error: string): Answer {
  const answer = need === 'page' ? text(status, error) : json(status, { error });
  return status === 401 ? { ...answer, headers: { 'www-authenticate': 'Bearer' } } : answer;
}

const onlyBy = (allow: string): Answer => text(405, `Method not allowed: use ${allow}`, { allow });

const isWithoutSlash = (request: IncomingMessage): boolean => !wholePath(request).endsWith('/');

/** The page names its files relative to its own place, so that it may be mounted anywhere. */
function withSlash(request: IncomingMessage): Answer {
  const last = wholePath(request).split('/').at(-1) ?? '';
  return text(308, 'The address of the page ends with a slash', { location: `./${last}/` });
}
