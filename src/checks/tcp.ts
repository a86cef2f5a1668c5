import type { Check } from '../detect/check.js';
import { expectOptions, makeCheck, type CommonOptions } from './make.js';
import { number, text, whole, type CheckRule } from './rules.js';
import { askSocket, TALK_KEYS, type TalkOptions } from './socket.js';
import { tlsChoice, tlsSettings, type TlsTrust } from './trust.js';

/** What {@link tcp} is given. */
export interface TcpOptions extends CommonOptions, TalkOptions {
  /** Name or address of the server. Default `127.0.0.1`. */
  readonly host?: string;
  /** Its port, 1 to 65,535. */
  readonly port: number;
  /** Speaks TLS: `true`, or what is trusted. Default `false`. */
  readonly tls?: boolean | TlsTrust;
}

/** Rule of the options of {@link tcp}. */
export const TCP_RULE: CheckRule = {
  keys: { host: text, port: whole(1, 65_535), tls: tlsChoice, maxMs: number(1, 600_000), ...TALK_KEYS },
  needs: ['port'],
};

/**
 * Makes a check of a server on a TCP port: it accepts a connection, and answers as it should.
 *
 * Refused, reset, silent or a wrong answer is bad; a name that is not resolved, no route, no descriptor or no
 * permission is unknown, and so is a time limit that passed while this program was busy itself.
 *
 * @example
 * ```js
 * import { tcp } from '@luminous-nix/self-healing/checks';
 *
 * const redis = tcp({ port: 6379, ready: 'redis', heals: 'redis' });
 * ```
 */
export function tcp(options: TcpOptions): Check {
  expectOptions('tcp', TCP_RULE, options);
  const { host = '127.0.0.1', port, tls = false } = options;
  const what = `tcp:${host.includes(':') ? `[${host}]` : host}:${port}`;
  return makeCheck(options, {
    ...{ name: what, type: 'service', failAfter: 2 },
    run: async (context) =>
      askSocket(
        what,
        { host, port },
        options,
        context,
        tls === false ? undefined : await tlsSettings(tls, host),
      ),
  });
}
