import { SelfHealingError } from '../../base/errors.js';
import { expectKnownKeys, expectObject, refusal } from '../../base/expect.js';

/** Where to listen. */
export interface ListenOptions {
  /** Name or address of a network interface of this machine. */
  readonly host?: string | undefined;
  /** A port from 0 to 65,535; 0 takes any that is free. */
  readonly port?: number | undefined;
}

/** Address of a running server. */
export interface Address {
  readonly host: string;
  /** The actual port, also when 0 was given. */
  readonly port: number;
  /** Address to open: `http://127.0.0.1:9090`. */
  readonly url: string;
}

/** Accepts a port, or an object with port and host. */
export function acceptListen(given: unknown): ListenOptions {
  if (typeof given === 'number') return { port: given };
  expectKnownKeys('options', expectObject('options', given), ['host', 'port']);
  return given as ListenOptions;
}

/** Checks an address. Throws a `SelfHealingError` for an invalid one. */
export function expectAddress(
  given: { readonly host?: unknown; readonly port?: unknown },
  defaults: Required<ListenOptions>,
): Omit<Address, 'url'> {
  const { host = defaults.host, port = defaults.port } = given;
  if (typeof host !== 'string' || host === '') throw refusal('host', 'a name or an address', host);
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw refusal('port', 'a whole number from 0 to 65535', port);
  }
  // Addresses of IPv6 are often written as in URLs.
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port };
}

/** Checks the path that a handler is mounted under. */
export function expectPrefix(prefix: unknown): string {
  if (typeof prefix === 'string' && /^(?:\/[^/?#]+)*$/.test(prefix)) return prefix;
  throw refusal('prefix', 'empty, or a path like `/healing`', prefix);
}

/** The address to open in a browser. One that means every interface is reached by `localhost`. */
export function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

/** Returns whether an address can be reached from this machine only, in any notation: `[::1]`, `0:0:0:0:0:0:0:1`. */
export function isLoopback(host: string): boolean {
  const plain = plainAddress(host.toLowerCase().replace(/^\[(.*)\]$/, '$1'));
  return (
    plain === 'localhost' || /^127(\.\d{1,3}){3}$/.test(plain) || /^(?:0{0,4}:){2,7}0{0,3}1$/.test(plain)
  );
}

/** Returns an IPv4 address without the prefix that IPv6 sockets give it. */
export const plainAddress = (address = ''): string => address.replace(/^::ffff:/, '');

const PROBLEMS: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) =>
    `Port ${port} of ${host} is taken by another program: give another \`port\`, or 0 for any that is free`,
  EACCES: (host, port) => `This user may not listen on port ${port} of ${host}: give a \`port\` over 1023`,
  EADDRNOTAVAIL: (host) => `\`host\` ${host} is no address of this machine`,
  ENOTFOUND: (host) => `\`host\` ${host} cannot be found`,
};

/** Says in one sentence why listening failed. */
export function listenError(error: unknown, host: string, port: number): SelfHealingError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const words = PROBLEMS[code]?.(host, port) ?? `Port ${port} of ${host} cannot be listened on: ${message}`;
  return new SelfHealingError('cannot-listen', words, { cause: error });
}
