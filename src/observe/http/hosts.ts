import type { IncomingMessage } from 'node:http';
import { expectStrings, refusal } from '../../expect.js';
import { isLoopback } from './address.js';

/** Under which names a server is reached. */
export interface HostOptions {
  /**
   * Further names that the server is reached by, without port: that of a proxy, for one. Default: none but the address
   * itself, and `localhost` on loopback.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * The address that visitors open, where a proxy stands in front: `https://ops.example.org/healing/`. Its name is
   * allowed as `Host`, its origin as `Origin`, whatever the proxy makes of the `Host`. Default: none.
   */
  readonly publicUrl?: string | undefined;
}

/** The same, checked. */
export interface HostRules {
  readonly allowedHosts: ReadonlySet<string>;
  /** Scheme, name and port of `publicUrl`. */
  readonly publicOrigin: string | undefined;
}

/** Takes the names. Throws a `SelfHealingError` for invalid ones. */
export function hostRulesFrom({ allowedHosts = [], publicUrl }: HostOptions): HostRules {
  const names = expectStrings('allowedHosts', allowedHosts).map((name) => name.toLowerCase());
  if (publicUrl === undefined) return { allowedHosts: new Set(names), publicOrigin: undefined };
  const url = expectPublicUrl('publicUrl', publicUrl);
  return {
    allowedHosts: new Set([...names, url.hostname.replace(/^\[|\]$/g, '')]),
    publicOrigin: url.origin,
  };
}

/** Takes the address that visitors open. A name and a password in it would be sent to everybody. */
export function expectPublicUrl(option: string, given: unknown): URL {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
  if (
    url &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ''
  )
    return url;
  throw refusal(option, 'an address such as `https://ops.example.org/healing/`', given);
}

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

/** Whether an origin is that of our own page: where the request was sent to, or where visitors open it. Pure. */
export function isOurOrigin(origin: string, host: string | undefined, rules: HostRules): boolean {
  const { protocol, host: of, origin: whole } = URL.canParse(origin) ? new URL(origin) : NO_URL;
  if (!/^https?:$/.test(protocol)) return false;
  return of.toLowerCase() === host?.toLowerCase() || whole === rules.publicOrigin;
}

const NO_URL = { protocol: '', host: '', origin: '' };

/** Headers that a proxy adds. */
const BY_PROXIES = [
  ...['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-server'],
  ...['x-forwarded-port', 'x-real-ip', 'x-original-forwarded-for', 'cf-connecting-ip', 'true-client-ip'],
];

/**
 * Whether a proxy has passed a request on, as far as it can be seen: by what it added, or by HTTP/1.0, which nginx
 * speaks to its upstream unless told otherwise, and browsers and scrapers do not. Pure.
 */
export const isForwarded = ({
  headers,
  httpVersion,
}: Pick<IncomingMessage, 'headers' | 'httpVersion'>): boolean =>
  httpVersion === '1.0' || BY_PROXIES.some((name) => headers[name] !== undefined);

/** The address of this machine that a request reached, without the form that IPv6 gives to IPv4. */
export const localAddressOf = ({ socket }: IncomingMessage): string =>
  (socket.localAddress ?? '').replace(/^::ffff:/, '');

/**
 * Where a request comes from, for the log. What a proxy on this machine says of it counts only where `publicUrl` says
 * that there is one: its last word, since the others may be the client's own.
 */
export function clientOf({ socket, headers }: IncomingMessage, rules: HostRules): string {
  const peer = (socket.remoteAddress ?? 'a closed connection').replace(/^::ffff:/, '');
  const told = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',').at(-1)?.trim() ?? '';
  const believed = rules.publicOrigin !== undefined && isLoopback(peer) && /^[0-9a-f:.]{2,45}$/i.test(told);
  return believed ? `${told} by a proxy` : peer;
}
