import {
  expectBoolean,
  expectKnownKeys,
  expectNumber,
  expectObject,
  expectStrings,
  refusal,
} from '../../expect.js';

/** How a dashboard may be used, and by whom. */
export interface DashboardOptions {
  /**
   * Who shows it may read: 16 to 256 visible ASCII characters. Needed for `controls`, and for every address but
   * loopback. Default: none.
   */
  readonly token?: string | undefined;
  /** Whether the page may approve, reject, pause, resume and reset. Needs a `token`. Default `false`: it only shows. */
  readonly controls?: boolean | undefined;
  /**
   * Further names that the page is reached by, without port: that of a proxy, for one. Default: none but the
   * address itself, and `localhost` on loopback.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Pages that may be open at once, 1 to 10,000; a further one is told to wait. Default 100. */
  readonly maxClients?: number | undefined;
}

/** Options with their defaults. */
export interface Rules {
  readonly token: string | undefined;
  readonly controls: boolean;
  readonly allowedHosts: ReadonlySet<string>;
  readonly maxClients: number;
}

const KNOWN: readonly (keyof DashboardOptions)[] = ['token', 'controls', 'allowedHosts', 'maxClients'];

/** Takes the options. Throws a `SelfHealingError` for what cannot be meant. A token is never repeated in it. */
export function rulesFrom(options: DashboardOptions = {}): Rules {
  expectKnownKeys('options', expectObject('options', options), KNOWN);
  const { token, controls = false, allowedHosts = [], maxClients = 100 } = options;
  if (token !== undefined && (typeof token !== 'string' || !/^[!-~]{16,256}$/.test(token))) {
    const got = typeof token === 'string' ? `${token.length} characters` : typeof token;
    throw refusal('token', '16 to 256 visible ASCII characters', got);
  }
  if (expectBoolean('controls', controls) && token === undefined) {
    throw refusal('controls', 'false without a `token`: whoever acts has to show one', controls);
  }
  return {
    token,
    controls,
    allowedHosts: new Set(expectStrings('allowedHosts', allowedHosts).map((name) => name.toLowerCase())),
    maxClients: expectNumber('maxClients', maxClients, 1, 10_000),
  };
}
