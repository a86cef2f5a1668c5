import type { IncomingMessage } from 'node:http';
import { isLoopback, plainAddress } from './address.js';
import type { HostRules } from './host-rules.js';

/**
 * Whether a request was sent to one of our names, or a foreign page could point its own name at this address (DNS
 * rebinding). Pure.
 */
export function isOurName(host: string | undefined, localAddress: string, rules: HostRules): boolean {
  const [, given] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(host ?? '') ?? [];
  const name = given?.toLowerCase().replace(/^\[|\]$/g, '');
  if (name === undefined) return false;
  // An address cannot be made to mean another machine; of names only `localhost` is ours by itself.
  return (
    name === localAddress || (isLoopback(localAddress) && isLoopback(name)) || rules.allowedHosts.has(name)
  );
}

/** Returns whether an origin is our own: the address of the request, or `publicUrl`. Pure. */
export function isOurOrigin(origin: string, host: string | undefined, rules: HostRules): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: of, origin: whole } = new URL(origin);
  if (!/^https?:$/.test(protocol)) return false;
  return of.toLowerCase() === host?.toLowerCase() || whole === rules.publicOrigin;
}

/** Headers added by proxies. */
const BY_PROXIES = [
  ...['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-server'],
  ...['x-forwarded-port', 'x-real-ip', 'x-original-forwarded-for', 'cf-connecting-ip', 'true-client-ip'],
];

/**
 * Whether a proxy has passed a request on, as far as it can be seen: by what it added, or by HTTP/1.0, which nginx
 * speaks to its upstream unless told otherwise, and browsers and scrapers do not. Pure.
 */
export const isForwarded = ({ headers, httpVersion }: IncomingMessage): boolean =>
  httpVersion === '1.0' || BY_PROXIES.some((name) => headers[name] !== undefined);

/** Why metrics are not given to a request; `undefined` when they are. */
export function refusalOfNames(request: IncomingMessage, rules: HostRules): string | undefined {
  if (!isOurName(request.headers.host, plainAddress(request.socket.localAddress), rules))
    return 'Host name not allowed. Add it to `allowedHosts`.';
  return rules.publicOrigin === undefined && isForwarded(request)
    ? 'Request forwarded by a proxy: set `publicUrl` to the address that visitors open'
    : undefined;
}

/**
 * Where a request comes from, for the log. What a proxy on this machine says of it counts only where `publicUrl` says
 * that there is one: its last word, since the others may be the client's own.
 */
export function clientOf({ socket, headers }: IncomingMessage, rules: HostRules): string {
  const peer = plainAddress(socket.remoteAddress ?? 'a closed connection');
  const told = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',').at(-1)?.trim() ?? '';
  const believed = rules.publicOrigin !== undefined && isLoopback(peer) && /^[0-9a-f:.]{2,45}$/i.test(told);
  return believed ? `${told} by a proxy` : peer;
}
