import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../http/address.js';
import type { Rules } from './options.js';

/** What is asked for: the page itself, which knows nothing; what the engine knows; or that it does something. */
export type Need = 'page' | 'read' | 'control';

/** What a request says of where it comes from. */
export interface Asked {
  /** The address of this machine that it reached. */
  readonly localAddress: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  readonly fetchSite: string | undefined;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
}

/** Why a request is not answered. */
export interface Refusal {
  readonly status: 401 | 403 | 415;
  readonly error: string;
}

/** What a request says of where it comes from. */
export const askedBy = ({ socket, headers }: IncomingMessage): Asked => ({
  localAddress: socket.localAddress,
  host: headers.host,
  origin: headers.origin,
  fetchSite: headers['sec-fetch-site'],
  authorization: headers.authorization,
  contentType: headers['content-type'],
});

const refuse = (status: Refusal['status'], error: string): Refusal => ({ status, error });

/**
 * Whether a request may be answered. The name it was sent to must be ours, or a foreign page could point its own
 * name at this address; and what another page's script asks for is refused, whatever it shows. Pure.
 */
export function refusalOf(asked: Asked, rules: Rules, need: Need): Refusal | undefined {
  const address = (asked.localAddress ?? '').replace(/^::ffff:/, '');
  const name = hostName(asked.host);
  if (name === undefined || !(isOwnName(name, address) || rules.allowedHosts.has(name))) {
    return refuse(403, 'This name is not one of this dashboard: add it to `allowedHosts` if it should be');
  }
  if (asked.origin !== undefined && originHost(asked.origin) !== asked.host?.toLowerCase()) {
    return refuse(403, 'A page of another origin asks for this');
  }
  const isForeign = asked.fetchSite !== undefined && !['same-origin', 'none'].includes(asked.fetchSite);
  if (need !== 'page' && isForeign) return refuse(403, 'A page of another origin asks for this');
  if (rules.token === undefined && !isLoopback(address)) {
    return refuse(403, 'Beyond loopback this dashboard needs a `token`, and was started without one');
  }
  if (need === 'page') return undefined;
  if (rules.token !== undefined && !shows(asked.authorization, rules.token)) {
    return refuse(401, 'This needs the token of the dashboard');
  }
  if (need === 'read') return undefined;
  if (!rules.controls) return refuse(403, 'This dashboard is read-only: it was started without `controls`');
  // A form of another page can send no JSON, and no token either: it never lies in a cookie.
  if (!/^application\/json\b/i.test(asked.contentType ?? '')) return refuse(415, 'This takes JSON only');
  return undefined;
}

/** A host without its port, as URLs write it; `undefined` for what is none. */
function hostName(host: string | undefined): string | undefined {
  const [, name] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(host ?? '') ?? [];
  return name?.toLowerCase().replace(/^\[|\]$/g, '');
}

/** An address cannot be made to mean another machine; of names only `localhost` is ours by itself. */
const isOwnName = (name: string, address: string): boolean =>
  name === address || (isLoopback(address) && isLoopback(name));

function originHost(origin: string): string | undefined {
  const { protocol, host } = URL.canParse(origin) ? new URL(origin) : { protocol: '', host: '' };
  return /^https?:$/.test(protocol) ? host.toLowerCase() : undefined;
}

/** Compared by digest, so that neither the time nor the length tells anything. */
function shows(authorization: string | undefined, token: string): boolean {
  const [, given = ''] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? [];
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
