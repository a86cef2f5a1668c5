import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { page, type PageFile } from 'dashboard:page';
import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import { json, pathOf, send, text, type Answer } from '../http/answer.js';
import { clientOf } from '../http/hosts.js';
import { askedBy, refusalOf, type Need } from './access.js';
import { Audience } from './audience.js';
import { control, isControl } from './controls.js';
import type { Rules } from './options.js';
import { viewOf } from './view/view-of.js';
import type { CapabilityView, History, View } from './view/view.js';

/** What the site is made with. */
export interface SiteParts {
  readonly engine: SimplifiedHealingEngine;
  readonly rules: Rules;
  readonly history: () => History;
}

/** Nothing from elsewhere, nothing inline, nothing that makes markup of text. */
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

/** How long an answer on the capabilities of the host is kept, in milliseconds. */
const CAPABILITIES_MS = 60_000;

/** Everything behind the address of a dashboard. */
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
    const refusal = refusalOf(askedBy(request), this.#parts.rules, need);
    if (refusal) return refused(need, refusal.status, refusal.error);
    if (isOrder) {
      if (request.method !== 'POST') return onlyBy('POST');
      const answer = await control(word, request, this.#parts.engine, clientOf(request, this.#parts.rules));
      this.audience.changed();
      return answer;
    }
    if (!isGet) return onlyBy('GET, HEAD');
    if (path === '' || (path === '/' && isWithoutSlash(request))) return withSlash(request);
    if (path === '/') return fileAnswer(page.index, 'no-store');
    if (word === 'view') return json(200, this.#view());
    if (word === 'capabilities') return json(200, await this.#capabilities());
    if (word === 'events') return this.#stream(request, response);
    const file = FILES.get(path ?? '');
    return file
      ? fileAnswer(file, 'public, max-age=31536000, immutable')
      : text(404, 'There is nothing here');
  }

  #stream(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    if (request.method === 'HEAD') return onlyBy('GET');
    const { maxClients } = this.#parts.rules;
    if (this.audience.size >= maxClients) {
      const full = json(503, { error: `As many pages as may be are open already: ${maxClients}` });
      return { ...full, headers: { 'retry-after': '10' } };
    }
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      // A proxy that compresses would keep events back until it has enough of them.
      'cache-control': 'no-store, no-transform',
      'content-encoding': 'identity',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      // Some proxies would otherwise keep it to themselves until it ends.
      'x-accel-buffering': 'no',
    });
    this.audience.admit(response);
    return undefined;
  }

  /** Asked for by every page that is opened: one answer does for a while. */
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
      // Whoever gets this far has shown the token, where there is one.
      logs: rules.token !== undefined,
    });
  }
}

const fileAnswer = ({ type, body }: PageFile, caching: string): Answer => ({
  status: 200,
  type,
  body,
  headers: { 'cache-control': caching, 'content-security-policy': POLICY },
});

function refused(need: Need, status: number, error: string): Answer {
  const answer = need === 'page' ? text(status, error) : json(status, { error });
  return status === 401 ? { ...answer, headers: { 'www-authenticate': 'Bearer' } } : answer;
}

const onlyBy = (allow: string): Answer => text(405, `This is asked for by ${allow}`, { allow });

/** Express takes the prefix away before it calls, and keeps the whole. */
const wholePath = (request: IncomingMessage): string =>
  ((request as { originalUrl?: string }).originalUrl ?? request.url ?? '/').split(/[?#]/, 1)[0] ?? '/';

const isWithoutSlash = (request: IncomingMessage): boolean => !wholePath(request).endsWith('/');

/** The page names its files relative to its own place, so that it may be mounted anywhere. */
function withSlash(request: IncomingMessage): Answer {
  const last = wholePath(request).split('/').at(-1) ?? '';
  return text(308, 'The page is one slash further', { location: `./${last}/` });
}
