import type { LookupFunction } from 'node:net';
import type { Check } from '../detect/check.js';
import type { Verdict } from '../model/issue.js';
import { digestOf, expectContent, looksInside, matchesPattern } from './content.js';
import { withinLimit } from './deadline.js';
import { CannotTell, verdictOfFailure, WrongAnswer } from './failure.js';
import { shown } from './conversation.js';
import { ask, type HttpAnswer, type HttpRequest } from './http-request.js';
import { HTTP_RULE, type HttpOptions } from './http-options.js';
import { expectJson } from './json-value.js';
import { expectOptions, makeCheck, ok, type RunContext } from './make.js';
import { readSecret } from './secret.js';
import { latency, Lookups, tookTooLong } from './socket.js';
import { tlsSettings } from './trust.js';

export type { HttpAuth, HttpOptions } from './http-options.js';

const MAX_BYTES = 1024 * 1024;
const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * Makes a check of an HTTP server: it answers, with the right status, headers and body.
 *
 * Refused, reset, silent or a wrong answer is bad; a name that is not resolved, no route, no descriptor or no permission
 * is unknown, and so is a time limit that passed while this program was busy itself. Default: any status from 200 to 399.
 *
 * @example
 * ```js
 * import { http } from '@luminous-nix/self-healing/checks';
 *
 * const shop = http({ url: 'http://127.0.0.1:8080/health', json: { status: 'up' }, heals: 'shop' });
 * ```
 */
export function http(options: HttpOptions): Check {
  expectOptions('http', HTTP_RULE, options);
  const { host, pathname } = new URL(options.url);
  const what = `http:${host}${pathname === '/' ? '' : pathname}`;
  return makeCheck(options, {
    ...{ name: what, type: 'service', failAfter: 2 },
    run: (context) => judge(what, options, context),
  });
}

async function judge(
  what: string,
  options: HttpOptions,
  { signal, timeoutMs }: RunContext,
): Promise<Verdict> {
  const lookups = new Lookups();
  try {
    const request = await requestOf(options);
    const start = performance.now();
    const status = await withinLimit(timeoutMs, signal, async (ended) => {
      const answer = await follow(request, options.followRedirects ?? 0, ended, lookups.lookup);
      expectAnswer(answer, options);
      return answer.status;
    });
    const tookMs = performance.now() - start;
    return (
      tookTooLong(what, tookMs, options.maxMs) ??
      ok(`${what} answers with ${status}`, latency(tookMs, options.maxMs ?? timeoutMs))
    );
  } catch (error) {
    return verdictOfFailure(what, lookups.failure(error));
  }
}

async function requestOf(options: HttpOptions): Promise<HttpRequest> {
  const { method = 'GET', headers = {}, auth, body, address, tls = true } = options;
  const url = new URL(options.url);
  const read = async ([name, value]: readonly [string, Parameters<typeof readSecret>[0]]) =>
    [name.toLowerCase(), await readSecret(value)] as const;
  const all: Record<string, string> = Object.fromEntries(
    await Promise.all(Object.entries(headers).map(read)),
  );
  if (auth !== undefined && 'token' in auth) all['authorization'] = `Bearer ${await readSecret(auth.token)}`;
  else if (auth !== undefined) {
    const pair = `${auth.user}:${await readSecret(auth.password)}`;
    all['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return {
    ...{ url, method, headers: all, address, maxBytes: options.maxBytes ?? MAX_BYTES },
    body: body === undefined ? undefined : await readSecret(body),
    tls: await tlsSettings(tls, url.hostname),
  };
}

/** Follows so many redirects. What was sent to prove who asks goes to the same server only. */
async function follow(
  request: HttpRequest,
  redirects: number,
  signal: AbortSignal,
  lookup: LookupFunction,
): Promise<HttpAnswer> {
  let current = request;
  for (let left = redirects; ; left -= 1) {
    const answer = await ask(current, signal, lookup);
    const { location } = answer.headers;
    if (left <= 0 || !REDIRECTS.includes(answer.status) || typeof location !== 'string') {
      if (redirects > 0 && left <= 0 && REDIRECTS.includes(answer.status))
        throw new WrongAnswer(`redirects more than ${redirects} times`);
      return answer;
    }
    const url = placeOf(location, current.url);
    if (!/^https?:$/.test(url.protocol)) throw new WrongAnswer(`redirects to ${url.protocol}`);
    const same = url.host === request.url.host && url.protocol === request.url.protocol;
    const { authorization: _, cookie: _cookie, ...open } = current.headers;
    current = {
      ...current,
      ...{ url, headers: same ? current.headers : open },
      ...(same ? {} : { address: undefined, tls: { ...current.tls, servername: url.hostname } }),
      ...(answer.status === 303 || (answer.status < 303 && current.method === 'POST')
        ? { method: 'GET', body: undefined }
        : {}),
    };
  }
}

function placeOf(location: string, from: URL): URL {
  try {
    return new URL(location, from);
  } catch {
    throw new WrongAnswer(`redirects to ${shown(location)}, which is no address`);
  }
}

function expectAnswer({ status, headers, body, partial }: HttpAnswer, options: HttpOptions): void {
  const { status: wanted, redirectsTo, responseHeaders = {}, json, sha256 } = options;
  const list = wanted === undefined ? undefined : typeof wanted === 'number' ? [wanted] : wanted;
  if (list ? !list.includes(status) : status < 200 || status > 399)
    throw new WrongAnswer(`answers with ${status}${list ? `, expected ${list.join(' or ')}` : ''}`, {
      value: status,
    });
  if (redirectsTo !== undefined && headers['location'] !== redirectsTo)
    throw new WrongAnswer(
      `redirects to ${String(headers['location'] ?? 'nothing')}, expected ${redirectsTo}`,
    );
  for (const [name, pattern] of Object.entries(responseHeaders)) {
    const value = headers[name.toLowerCase()];
    if (value === undefined || !matchesPattern(String(value), pattern))
      throw new WrongAnswer(`has ${value === undefined ? 'no' : 'another'} header ${name}`);
  }
  if (!looksInside(options) && json === undefined && sha256 === undefined) return;
  const text = body.toString('utf8');
  // What must not be there, and is, is there.
  if (options.lacks !== undefined) expectContent(text, { lacks: options.lacks }, 'its body');
  try {
    expectContent(text, options, 'its body');
    if (json !== undefined) expectJson(text, json);
    if (sha256 !== undefined) expectDigest(body, sha256);
  } catch (error) {
    // What is missing may be in the part that was not read.
    throw partial === undefined ? error : new CannotTell(partial);
  }
}

function expectDigest(body: Buffer, expected: string): void {
  const got = digestOf(body);
  if (got !== expected.toLowerCase())
    throw new WrongAnswer(`has a body with the SHA-256 ${got.slice(0, 12)}…`);
}
