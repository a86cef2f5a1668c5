import { expectBoolean, expectKnownKeys, expectNumber, expectObject, refusal } from '../../base/expect.js';
import { hostRulesFrom, type HostOptions, type HostRules } from '../http/host-rules.js';

/** Options of a dashboard. */
export interface DashboardOptions extends HostOptions {
  /**
   * Token that visitors must present: 16 to 256 visible ASCII characters. Required for `controls`, and for every
   * address but loopback. Default: none.
   */
  readonly token?: string | undefined;
  /** Lets the page approve, reject, pause, resume and reset. Needs a `token`. Default `false`: read-only. */
  readonly controls?: boolean | undefined;
  /** Limit of open pages, 1 to 10,000. Default 100. */
  readonly maxClients?: number | undefined;
}

export interface Rules extends HostRules {
  readonly token: string | undefined;
  readonly controls: boolean;
  readonly maxClients: number;
}

const KNOWN = ['token', 'controls', 'allowedHosts', 'publicUrl', 'maxClients'];

/** Checks the options. Throws a `SelfHealingError` for an invalid one, without repeating a token. */
export function rulesFrom(options: DashboardOptions = {}): Rules {
  expectKnownKeys('options', expectObject('options', options), KNOWN);
  const { token, controls = false, maxClients = 100 } = options;
  if (token !== undefined && (typeof token !== 'string' || !/^[!-~]{16,256}$/.test(token))) {
    const got = typeof token === 'string' ? `${token.length} characters` : typeof token;
    throw refusal('token', '16 to 256 visible ASCII characters', got);
  }
  if (expectBoolean('controls', controls) && token === undefined) {
    throw refusal('controls', 'false without a `token`: commands require one', controls);
  }
  return {
    token,
    controls,
    ...hostRulesFrom(options),
    maxClients: expectNumber('maxClients', maxClients, 1, 10_000),
  };
}
