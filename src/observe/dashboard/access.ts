import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback, plainAddress } from '../http/address.js';
import { isForwarded, isOurName, isOurOrigin } from '../http/hosts.js';
import type { Rules } from './options.js';

/** Kind of a request: the static page, data of the engine, or a command. */
export type Need = 'page' | 'read' | 'control';

/** Reason for a refusal. */
interface Refusal {
  readonly status: 401 | 403 | 415;
  readonly error: string;
}

const refuse = (status: Refusal['status'], error: string): Refusal => ({ status, error });

/**
 * Returns why a request is refused; `undefined` when it is not. The `Host` must be ours, against DNS rebinding;
 * requests by scripts of other origins are always refused. Pure.
 */
export function refusalOf(request: IncomingMessage, rules: Rules, need: Need): Refusal | undefined {
  const { host, origin, 'sec-fetch-site': fetchSite, 'content-type': contentType = '' } = request.headers;
  const address = plainAddress(request.socket.localAddress);
  if (!isOurName(host, address, rules)) {
    return refuse(403, 'Host name not allowed. Add it to `allowedHosts`.');
  }
  // The static page has nothing to protect, and its script is requested with an origin.
  if (need !== 'page' && origin !== undefined && !isOurOrigin(origin, host, rules)) {
    return refuse(
      403,
      'Request from a page of another origin. Behind a proxy, set `publicUrl` to the address that visitors open.',
    );
  }
  const isForeign = fetchSite !== undefined && !['same-origin', 'none'].includes(fetchSite);
  if (need !== 'page' && isForeign) return refuse(403, 'Request from a page of another origin');
  if (rules.token === undefined && !isLoopback(address)) {
    return refuse(403, 'Beyond loopback this dashboard requires a `token`, and was started without one');
  }
  if (rules.token === undefined && isForwarded(request)) {
    return refuse(
      403,
      'Behind a proxy this dashboard requires a `token` (for the daemon: `tokenFile`), and was started without one',
    );
  }
  if (need === 'page') return undefined;
  if (rules.token !== undefined && !shows(request, rules.token)) {
    return refuse(401, 'This requires the token of the dashboard');
  }
  if (need === 'read') return undefined;
  if (!rules.controls) return refuse(403, 'This dashboard is read-only: it was started without `controls`');
  // A form of another page cannot send JSON, nor the token, which is never in a cookie.
  if (!/^application\/json\b/i.test(contentType))
    return refuse(415, 'Expected JSON (`Content-Type: application/json`)');
  return undefined;
}

/** Compares digests, so that neither time nor length reveals anything. */
function shows({ headers }: IncomingMessage, token: string): boolean {
  const [, bearer = ''] = /^Bearer (\S+)$/i.exec(headers.authorization ?? '') ?? [];
  // For clients whose `Authorization` belongs to a proxy.
  const given = [headers['x-luminous-token']].flat()[0] ?? bearer;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
