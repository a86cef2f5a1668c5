import { expectStrings, refusal } from '../../base/expect.js';

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
