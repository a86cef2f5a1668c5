import { refusal } from '../base/expect.js';
import { isIP } from 'node:net';
import { CONTENT_KEYS, digest, type ContentOptions } from './content.js';
import { jsonExpected, type JsonExpected } from './json-value.js';
import type { CommonOptions } from './make.js';
import {
  listOf,
  number,
  object,
  oneOf,
  pattern,
  record,
  secret,
  text,
  whole,
  type CheckRule,
  type Leaf,
} from './rules.js';
import type { Secret } from './secret.js';
import { tlsChoice, type TlsTrust } from './trust.js';

/** Who asks: a user with a password, or the bearer of a token. */
export type HttpAuth = { readonly user: string; readonly password: Secret } | { readonly token: Secret };

/** Options of {@link http}. */
export interface HttpOptions extends CommonOptions, ContentOptions {
  /** Address of the page, with `http:` or `https:`. */
  readonly url: string;
  /** Default `GET`. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';
  /** Headers that are sent. */
  readonly headers?: Readonly<Record<string, Secret>>;
  readonly auth?: HttpAuth;
  /** Body that is sent. */
  readonly body?: Secret;
  /** IP address that is connected to, instead of that of the name in `url`. */
  readonly address?: string;
  /** Trusted certificates for `https:`. */
  readonly tls?: TlsTrust;
  /** Status that it must answer with, or a list of them. Default: any from 200 to 399. */
  readonly status?: number | readonly number[];
  /** Redirects that are followed, 0 to 10. Default 0: a redirect is an answer. */
  readonly followRedirects?: number;
  /** `Location` that it must redirect to. */
  readonly redirectsTo?: string;
  /** Headers that it must answer with: a regular expression for each. */
  readonly responseHeaders?: Readonly<Record<string, string | RegExp>>;
  /** Values that its JSON must have, by path (`a.b`, `list[0].c`): a value, or `{ min, max }`. */
  readonly json?: Readonly<Record<string, JsonExpected>>;
  /** SHA-256 of its body, in hex. */
  readonly sha256?: string;
  /** Bytes of the body that are read, at most; default 1 MiB. */
  readonly maxBytes?: number;
  /** Longest time until the whole answer, in milliseconds, after which it is bad. Default: `timeoutMs`. */
  readonly maxMs?: number;
}

const url: Leaf = (name, value) => {
  text(name, value);
  let parsed: URL;
  try {
    parsed = new URL(value as string);
  } catch {
    throw refusal(name, 'an address such as `http://127.0.0.1:8080/health`', value);
  }
  if (!/^https?:$/.test(parsed.protocol)) throw refusal(name, 'an address with http: or https:', value);
  // It would be in names, messages and metrics.
  if (parsed.username !== '' || parsed.password !== '')
    throw refusal(name, 'an address without a password: use `auth`', parsed.host);
};

const statusCode = whole(100, 599);
const address: Leaf = (name, value) => {
  if (typeof value !== 'string' || isIP(value) === 0) throw refusal(name, 'an IP address', value);
};

const auth: Leaf = (name, value) => {
  const isToken = typeof value === 'object' && value !== null && 'token' in value;
  if (isToken) object({ token: secret }, ['token'])(name, value);
  else object({ user: text, password: secret }, ['user', 'password'])(name, value);
};

export const HTTP_RULE: CheckRule = {
  keys: {
    url,
    method: oneOf(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'], 'method'),
    ...{ headers: record(secret), auth, body: secret, address, tls: tlsChoice },
    status: (name, value) => {
      if (!Array.isArray(value)) return statusCode(name, value);
      if (value.length === 0) throw refusal(name, 'a status or a list of them', value);
      listOf(statusCode)(name, value);
    },
    followRedirects: whole(0, 10),
    redirectsTo: text,
    responseHeaders: record(pattern),
    json: record(jsonExpected),
    sha256: digest,
    maxBytes: whole(1, 16 * 1024 * 1024),
    maxMs: number(1, 600_000),
    ...CONTENT_KEYS,
  },
  needs: ['url'],
};
