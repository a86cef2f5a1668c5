import { expectBoolean, expectKnownKeys, expectNumber, expectObject, refusal } from '../../base/expect.js';
import { hostRulesFrom, type HostOptions, type HostRules } from '../http/host-rules.js';

/** How a dashboard may be used, and by whom. */
export interface DashboardOptions extends HostOptions {
  /**
   * Who shows it may read: 16 to 256 visible ASCII characters. Needed for `controls`, and for every address but
   * loopback. Default: none.
   */
  readonly token?: string | undefined;
  /** Whether the page may approve, reject, pause, resume and reset. Needs a `token`. Default `false`: it only shows. */
  readonly controls?: boolean | undefined;
  /** Pages that may be open at once, 1 to 10,000; a further one is told to wait. Default 100. */
  readonly maxClients?: number | undefined;
}

/** Options with their defaults. */
export interface Rules extends HostRules {
  readonly token: string | undefined;
  readonly controls: boolean;
  readonly maxClients: number;
}

const KNOWN: readonly (keyof DashboardOptions)[] = [
  ...(['token', 'controls', 'allowedHosts', 'publicUrl', 'maxClients'] as const),
];

/** Takes the options. Throws a `SelfHealingError` for what cannot be meant. A token is never repeated in it. */
export function rulesFrom(options: DashboardOptions = {}): Rules {
  expectKnownKeys('options', expectObject('options', options), KNOWN);
  const { token, controls = false, maxClients = 100 } = options;
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
    ...hostRulesFrom(options),
    maxClients: expectNumber('maxClients', maxClients, 1, 10_000),
  };
}
